import type { Approval, ApprovalAsk, ApprovalScope, ApprovalState } from '../approvals/approval.ts'
import type { EventText } from '../audit/event.ts'
import type {
  Control,
  EventPage,
  EventQuery,
  ExportPage,
  Head,
  LedgerRecord,
  NewRecord,
  VerifyFrom,
  VerifyPart,
} from '../audit/record.ts'
import type { GrantChange } from '../grants/changes.ts'
import type { Grant, GrantState } from '../grants/grant.ts'
import type { Pause, PauseScope, PauseSubject } from '../pauses/pause.ts'
import type { AccessAsk, AccessRequest, AccessState } from '../widening/access_request.ts'
import type { Requested } from '../widening/asking.ts'
import type { AccessAnswer, AccessDecision } from '../widening/deciding.ts'

/** What a read may go by for a while: the grant of a token, and the pauses of the tenant. */
export interface Look {
  /** null: no grant of this tenant has ever had the token. */
  readonly grant: Grant | null
  readonly pauses: readonly Pause[]
}

/** A sensitive call, or one that wants approval, at the door. */
export interface Entry {
  /** null: a caller without a grant. */
  readonly grant: {
    readonly id: string
    readonly hash: string
    /** What was added to it, by id, as the caller's copy has it. None of it may be taken back. */
    readonly widened?: readonly string[]
  } | null
  readonly subject: Omit<PauseSubject, 'tenant'>
  /** null: none is wanted. */
  readonly approval: ApprovalAsk | null
  /** As it is known before the call is forwarded. */
  readonly event: EventText
}

/** Whether the call may go. Nothing but `in` may go, and `in` is on disk. */
export type Entered =
  | {
      readonly is: 'in'
      /** `seq` of the durable record, for the closing one. */
      readonly opened: number
      /** The approval that was used, or null. */
      readonly approval: string | null
    }
  | {
      readonly is: 'out'
      readonly because:
        | 'revoked'
        | 'expired'
        | 'replaced'
        | 'unknown'
        | 'narrowed'
        | 'paused'
        | 'denied'
    }
  | {
      readonly is: 'pending'
      readonly id: string
      /** Unix ms. */
      readonly expires: number
      /** Made by this very entry: tell the webhook. */
      readonly fresh: boolean
    }
  /** Too many approvals of the agent or the tenant wait already. */
  | { readonly is: 'crowded' }

/** Which grants are wanted. What is left out does not narrow. */
export interface GrantFilter {
  readonly project?: string | undefined
  readonly agent?: string | undefined
  readonly state?: GrantState | undefined
  /** 1 to 1000. */
  readonly limit: number
  /** `next` of the page before. What cannot be read is the end of the list. */
  readonly cursor?: string | undefined
}

/** Newest first. */
export interface GrantPage {
  readonly grants: readonly Grant[]
  /** null: there are no more. */
  readonly next: string | null
}

export interface ApprovalFilter {
  readonly state?: ApprovalState | undefined
  /** 1 to 1000. */
  readonly limit: number
}

export interface ApprovalAnswer {
  readonly approve: boolean
  /** Of no meaning for a denial. */
  readonly scope: ApprovalScope
}

/** An agent that asks for more than its grant allows. */
export interface AccessEntry {
  readonly ask: AccessAsk
  /** SHA-256 of the token that was shown. */
  readonly hash: string
  /** The provider at the root of what the one that is asked for extends. */
  readonly alias_of: string | null
}

export type AccessEntered =
  | Requested
  /** The grant has it already. */
  | { readonly is: 'granted' }
  | {
      readonly is: 'out'
      readonly because: 'revoked' | 'expired' | 'replaced' | 'unknown' | 'paused'
    }

export interface AccessFilter {
  readonly state?: AccessState | undefined
  /** 1 to 1000. */
  readonly limit: number
}

export interface TenantCounts {
  readonly grants: {
    readonly active: number
    readonly expired: number
    readonly revoked: number
  }
  readonly approvals: { readonly pending: number }
  readonly records: number
  readonly bytes: number
  readonly head: Head
}

/**
 * The object of one tenant, as the request path and the control plane see it. What an operator
 * changes appends its own record to the chain, in the same transaction; `by` names the operator.
 * An answer is on disk when it arrives.
 */
export interface TenantStub {
  /** The grant of a token's hash, and the pauses. Writes nothing. null: the pauses alone. */
  look(hash: string | null): Promise<Look>
  /** Grant, pauses, approval, record: in this order, and all or nothing. */
  enter(entry: Entry): Promise<Entered>
  /**
   * Returns the place of the last record of the chain. `doubtful`, Unix ms: since then these may have
   * been recorded already, by a call whose answer was lost; those are left out. null: they cannot.
   */
  record(records: readonly NewRecord[], doubtful?: number | null): Promise<Head>
  /** Waits for a decision, at most so long (60 s); then says how things stand. null: no such id. */
  decision(id: string, wait_ms: number): Promise<ApprovalState | null>

  /** A second time with the same id does nothing. */
  createGrant(grant: Grant, by: string): Promise<void>
  grants(filter: GrantFilter): Promise<GrantPage>
  grant(id: string): Promise<Grant | null>
  /**
   * The grant as it is afterwards; null: no such id. A revoked grant stays as it is, whatever the
   * change, and no record is made.
   */
  changeGrant(id: string, change: GrantChange, by: string): Promise<Grant | null>
  /** Newest first. */
  approvals(filter: ApprovalFilter): Promise<readonly Approval[]>
  approval(id: string): Promise<Approval | null>
  /** null: no such id, or it is not pending any more; `approval(id)` tells which. */
  decide(id: string, answer: ApprovalAnswer, by: string): Promise<Approval | null>
  /** An agent's question for a wider grant, new or known, with its record. */
  askAccess(entry: AccessEntry): Promise<AccessEntered>
  /** Newest first. */
  accessRequests(filter: AccessFilter): Promise<readonly AccessRequest[]>
  accessRequest(id: string): Promise<AccessRequest | null>
  /** A yes widens the grant in the same transaction. null: no such id. */
  decideAccess(id: string, answer: AccessAnswer, by: string): Promise<AccessDecision | null>
  /** Replaces an earlier pause of the same scope. */
  pause(pause: Pause): Promise<void>
  /** Whether there was one. */
  resume(scope: PauseScope, by: string): Promise<boolean>
  pauses(): Promise<readonly Pause[]>
  /** A record about something that is not in this object. */
  note(control: Control): Promise<void>
  events(query: EventQuery): Promise<EventPage>
  /** The chain itself, in order, after that `seq`. */
  export(after: number, limit: number): Promise<ExportPage>
  /**
   * The records after that `seq`; when there are none, waits for the next, at most so long. It is
   * not called `tail`: that name is the runtime's own, and cannot be called from elsewhere.
   */
  follow(after: number, wait_ms: number): Promise<readonly LedgerRecord[]>
  /** One part of the chain, at most 20,000 records; the caller goes on until it is done. */
  verify(from: VerifyFrom | null): Promise<VerifyPart>
  counts(): Promise<TenantCounts>
}

/** Which tenant a token is of. What the token may do is for the tenant's object to say. */
export interface GrantIndexStub {
  put(hash: string, tenant: string): Promise<void>
  find(hash: string): Promise<string | null>
  remove(hash: string): Promise<void>
}

/** All tenants that were ever named in a grant, and the pauses of all of them. */
export interface RegistryStub {
  /** The pauses that a new tenant begins with. A second time changes nothing. */
  register(tenant: string): Promise<readonly Pause[]>
  /** The tenants of a tag; nearly always one. */
  tagged(tag: string): Promise<readonly string[]>
  tenants(): Promise<readonly string[]>
  /** `{all}` and `{provider}` only; others are not kept here. */
  pause(pause: Pause): Promise<void>
  resume(scope: PauseScope): Promise<void>
}
