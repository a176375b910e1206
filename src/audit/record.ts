import type { Event, EventText } from './event.ts'

/** What a record is about. */
type Subject<E> =
  /** A whole call: a refused one, or one that is not sensitive. */
  | { readonly kind: 'call'; readonly event: E }
  /** A sensitive call, before it is forwarded. */
  | { readonly kind: 'opened'; readonly event: E }
  /** Its end. `opened` is the seq of its opening. */
  | { readonly kind: 'closed'; readonly opened: number; readonly event: E }
  | { readonly kind: 'control'; readonly control: Control }
  | { readonly kind: 'refusals'; readonly refusals: Refusals }

/** What is given to the ledger. A call comes as text: it is written once, and never read on its way. */
export type NewRecord = Subject<EventText>

/** A change that an operator made, or that the ledger made to itself. */
export interface Control {
  /** ISO 8601. */
  readonly at: string
  /** `grant.created`, `approval.decided`, `audit.pruned` … */
  readonly action: string
  readonly by: string
  /** The identifier of what was changed. */
  readonly target: string
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** A flood of refusals, counted. */
export interface Refusals {
  /** ISO 8601. */
  readonly since: string
  readonly until: string
  /** How many by refusal code. */
  readonly counts: Readonly<Record<string, number>>
}

/** A record in the chain. */
export type LedgerRecord = Subject<Event> & {
  /** 1, 2, 3 … in each tenant. */
  readonly seq: number
  readonly tenant: string
  /** When it was written, ISO 8601, by the object's clock. Never goes back. */
  readonly recorded: string
  /** The hash of the record before, 64 hex characters. */
  readonly prev: string
  /** See `link()` in chain.ts. */
  readonly hash: string
}

/** A place in the chain: who knows it knows everything up to there. */
export interface Head {
  readonly seq: number
  readonly hash: string
}

/** What can be wrong with a run of records. */
export type FaultName =
  /** Its text, its hash or its place in the chain is not what it was. */
  | 'edited'
  | 'removed'
  /** It stands after a later one. */
  | 'reordered'
  /** It was there already. */
  | 'duplicated'
  /** Removed at the end: the head says that they were there. */
  | 'truncated'
  /** Written beyond the head by something else than the ledger. */
  | 'added'
  /** The first record does not follow from the start of the chain or from a checkpoint. */
  | 'wrong start'
  /** The values are right and the bytes are not: something has written this line anew. */
  | 'respelt'
  | 'unreadable'

/** One fault of the records from `seq` to `through`, which mostly are the same. */
export interface Fault {
  readonly seq: number
  readonly through: number
  readonly what: FaultName
}

/** Which events are wanted. What is left out does not narrow. */
export interface EventQuery {
  readonly project?: string | undefined
  readonly agent?: string | undefined
  readonly provider?: string | undefined
  readonly decision?: string | undefined
  /** At or after this moment: Unix ms or ISO 8601. What cannot be read matches nothing. */
  readonly since?: number | string | undefined
  /** Before this moment. */
  readonly until?: number | string | undefined
  /** Default 100, at most 1000. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly cursor?: string | undefined
}

interface Chained {
  readonly seq: number
  readonly recorded: string
  readonly prev: string
  readonly hash: string
}

/** A record as a query shows it: without the level between. */
export type ShownEvent = Chained &
  (
    | ({ readonly kind: 'call' | 'opened' } & Event)
    | ({ readonly kind: 'closed'; readonly opened: number } & Event)
    | ({ readonly kind: 'control'; readonly tenant: string } & Control)
    | ({ readonly kind: 'refusals'; readonly at: string; readonly tenant: string } & Refusals)
  )

/** Newest first. A page can be short, and even empty, before the last one: go on while `next` is there. */
export interface EventPage {
  readonly events: readonly ShownEvent[]
  readonly next: string | null
}

/** Records as they are in the chain, oldest first. */
export interface ExportPage {
  readonly records: readonly LedgerRecord[]
  /**
   * After which seq to go on; null: there are no more. Go by this and not by the last record,
   * whose own number somebody may have tampered with.
   */
  readonly next: number | null
}

/** Where the next part of a verification begins: the last place that was looked at. */
export type VerifyFrom = Head

export interface VerifyPart {
  readonly tenant: string
  /** What this part builds on: the checkpoint, or the last record of the part before. */
  readonly from: Head
  /** How many were looked at in this part. */
  readonly records: number
  /** In the order of seq. Neighbours with the same fault are one. */
  readonly faults: readonly Fault[]
  readonly head: Head
  /** null: that was the last part. */
  readonly next: VerifyFrom | null
}

/** The flat form of a record. */
export function shownEvent(record: LedgerRecord): ShownEvent {
  const { seq, tenant, recorded, prev, hash } = record
  const chained = { seq, recorded, prev, hash }
  switch (record.kind) {
    case 'call':
    case 'opened':
      return { kind: record.kind, ...record.event, ...chained }
    case 'closed':
      return { kind: record.kind, opened: record.opened, ...record.event, ...chained }
    case 'control':
      return { kind: record.kind, tenant, ...record.control, ...chained }
    case 'refusals':
      return {
        kind: record.kind,
        tenant,
        at: record.refusals.until,
        ...record.refusals,
        ...chained,
      }
  }
}
