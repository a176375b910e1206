import { asking } from '../approvals/asking.ts'
import type { Asked } from '../approvals/asking.ts'
import { canonical } from '../audit/canonical.ts'
import type { Event, EventText } from '../audit/event.ts'
import { grantProblem } from '../grants/grant.ts'
import { pausedBy } from '../pauses/pause.ts'
import { narrowedSince } from '../widening/widening.ts'
import { approvalRequested } from './controls.ts'
import type { Entered, Entry } from './stubs.ts'
import type { Tables } from './tables.ts'

/** What the object brings with it. */
export interface Door {
  readonly tenant: string
  /** Unix ms. */
  readonly now: number
  /** For an approval that has to be asked for. */
  readonly newId: () => string
}

type Out = Extract<Entered, { is: 'out' }>['because']

/**
 * One call at the door: grant, pauses, approval, and its record, in this order. It belongs in one
 * transaction, so that an approval is used if and only if the record of its call is there.
 */
export function enter(tables: Tables, entry: Entry, door: Door): Entered {
  const out = grantStops(tables, entry, door.now) ?? pauseStops(tables, entry, door.tenant)
  if (out) return { is: 'out', because: out }
  if (!entry.approval) return opened(tables, entry, null, door.now)

  const { approvals } = tables
  const known = approvals.known(entry.approval, door.now)
  const asked = asking(entry.approval, known, { id: door.newId(), now: door.now })
  if (asked.is === 'crowded') return { is: 'crowded' }
  if (asked.is === 'denied') return { is: 'out', because: 'denied' }
  if (asked.is === 'pending') return pending(tables, asked, door.now)
  if (asked.changed) approvals.put(asked.approval)
  return opened(tables, entry, asked.approval.id, door.now)
}

function pending(
  { approvals, ledger }: Tables,
  { approval, changed }: Extract<Asked, { is: 'pending' }>,
  now: number,
): Extract<Entered, { is: 'pending' }> {
  const { id, expires } = approval
  if (changed) {
    approvals.put(approval)
    ledger.append([{ kind: 'control', control: approvalRequested(approval, now) }], now)
  }
  return { is: 'pending', id, expires, fresh: changed }
}

function grantStops({ grants }: Tables, { grant }: Pick<Entry, 'grant'>, now: number): Out | null {
  if (!grant) return null
  const known = grants.byId(grant.id)
  if (!known) return 'unknown'
  return grantProblem(known, grant.hash, now) ?? narrowedSince(known, grant.widened ?? [])
}

function pauseStops(
  { pauses }: Tables,
  { subject }: Pick<Entry, 'subject'>,
  tenant: string,
): Out | null {
  return pausedBy(pauses.all(), { tenant, ...subject }) ? 'paused' : null
}

/** The record says already that the call goes: from here on it may. */
function opened(
  { ledger }: Tables,
  { event }: Entry,
  approval: string | null,
  now: number,
): Entered {
  const text = approval === null ? event : withApproval(event, approval)
  const [place] = ledger.append([{ kind: 'opened', event: text }], now)
  if (!place) throw new Error('the ledger gave no place')
  return { is: 'in', opened: place.seq, approval }
}

function withApproval(event: EventText, approval: string): EventText {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `eventText` made
  return canonical({ ...(JSON.parse(event) as Event), approval })
}
