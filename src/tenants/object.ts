import { DurableObject } from 'cloudflare:workers'

import type { Approval, ApprovalState } from '../approvals/approval.ts'
import { forgottenBefore } from '../approvals/deciding.ts'
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
import { changed } from '../grants/changes.ts'
import type { GrantChange } from '../grants/changes.ts'
import type { Grant } from '../grants/grant.ts'
import { newId } from '../grants/token.ts'
import type { Pause, PauseScope } from '../pauses/pause.ts'
import type { AccessRequest } from '../widening/access_request.ts'
import type { AccessAnswer, AccessDecision } from '../widening/deciding.ts'
import { grantChanged, grantCreated, pauseEnded, pauseSet } from './controls.ts'
import { decide } from './deciding.ts'
import { enter } from './entering.ts'
import { retentionDays } from './retention.ts'
import type {
  AccessEntered,
  AccessEntry,
  AccessFilter,
  ApprovalAnswer,
  ApprovalFilter,
  Entered,
  Entry,
  GrantFilter,
  GrantPage,
  Look,
  TenantCounts,
} from './stubs.ts'
import { hasTables, tablesIn } from './tables.ts'
import type { Tables } from './tables.ts'
import { Together } from './together.ts'
import { Waiting } from './waiting.ts'
import { askAccess, decideAccess } from './widening.ts'

const DAY_MS = 86_400_000

/** Between two parts of a long pruning the object answers others. */
const NEXT_PART_MS = 1000

/** The longest that a caller is kept waiting. */
const LONGEST_WAIT_MS = 60_000

/** What wakes those who follow the chain. */
const APPENDED = 'appended'

/**
 * One tenant: its grants, approvals and pauses, and the ledger of what was done. There is one such
 * object in the world for each, named as the tenant, so a sensitive call asks everything in one hop,
 * and what is revoked is revoked for the next one. Whatever changes is one transaction with the
 * record of it, and on disk before it is answered.
 */
export class Tenant extends DurableObject<Readonly<Record<string, unknown>>> {
  #tables: Tables | undefined
  #alarmed = false
  readonly #waiting = new Waiting()
  readonly #door = new Together(
    (entries: readonly Entry[]) => this.#enterAll(entries),
    () => this.ctx.storage.sync(),
  )

  look(hash: string | null): Look {
    // A tenant that nothing was ever kept of stays without tables: no read writes.
    if (!this.#tables && !hasTables(this.ctx.storage.sql)) return { grant: null, pauses: [] }
    const { grants, pauses } = this.#kept()
    return { grant: hash === null ? null : grants.byHash(hash), pauses: pauses.all() }
  }

  async enter(entry: Entry): Promise<Entered> {
    return this.#door.ask(entry)
  }

  async record(records: readonly NewRecord[], doubtful: number | null = null): Promise<Head> {
    return this.#change(({ ledger }) => {
      const missing = doubtful === null ? records : ledger.notYet(records, doubtful)
      ledger.append(missing, Date.now())
      return ledger.head()
    })
  }

  async decision(id: string, wait_ms: number): Promise<ApprovalState | null> {
    const asked = this.approval(id)
    if (asked?.state !== 'pending') return asked?.state ?? null
    const left = asked.expires - Date.now()
    await this.#waiting.wait(id, Math.min(wait_ms, left, LONGEST_WAIT_MS))
    return this.approval(id)?.state ?? null
  }

  async createGrant(grant: Grant, by: string): Promise<void> {
    await this.#change(({ grants, ledger }) => {
      if (grants.byId(grant.id)) return
      const now = Date.now()
      grants.put(grant, null)
      ledger.append([{ kind: 'control', control: grantCreated(grant, { by, now }) }], now)
    })
  }

  grants(filter: GrantFilter): GrantPage {
    return this.#kept().grants.page(filter, Date.now())
  }

  grant(id: string): Grant | null {
    return this.#kept().grants.byId(id)
  }

  async changeGrant(id: string, change: GrantChange, by: string): Promise<Grant | null> {
    return this.#change(({ grants, ledger }) => {
      const now = Date.now()
      const before = grants.byId(id)
      const grant = before && changed(before, change, now)
      if (!grant || grant === before) return grant
      grants.put(grant, before)
      ledger.append([{ kind: 'control', control: grantChanged(grant, change, { by, now }) }], now)
      return grant
    })
  }

  approvals(filter: ApprovalFilter): readonly Approval[] {
    return this.#kept().approvals.list(filter, Date.now())
  }

  approval(id: string): Approval | null {
    return this.#kept().approvals.byId(id, Date.now())
  }

  async decide(id: string, answer: ApprovalAnswer, by: string): Promise<Approval | null> {
    const all = await this.#change((tables) => decide(tables, id, answer, { by, now: Date.now() }))
    for (const each of all) this.#waiting.wake(each.id)
    return all[0] ?? null
  }

  async askAccess(entry: AccessEntry): Promise<AccessEntered> {
    const door = { tenant: this.#name(), now: Date.now(), newId: () => this.#newId('ar') }
    return this.#change((tables) => askAccess(tables, entry, door))
  }

  accessRequests(filter: AccessFilter): readonly AccessRequest[] {
    return this.#kept().access.list(filter, Date.now())
  }

  accessRequest(id: string): AccessRequest | null {
    return this.#kept().access.byId(id, Date.now())
  }

  async decideAccess(id: string, answer: AccessAnswer, by: string): Promise<AccessDecision | null> {
    return this.#change((tables) => decideAccess(tables, id, answer, { by, now: Date.now() }))
  }

  async pause(pause: Pause): Promise<void> {
    const { scope, by } = pause
    await this.#change(({ pauses, ledger }) => {
      const now = Date.now()
      pauses.put(pause)
      ledger.append([{ kind: 'control', control: pauseSet(scope, { by, now }) }], now)
    })
  }

  async resume(scope: PauseScope, by: string): Promise<boolean> {
    return this.#change(({ pauses, ledger }) => {
      const now = Date.now()
      if (!pauses.remove(scope)) return false
      ledger.append([{ kind: 'control', control: pauseEnded(scope, { by, now }) }], now)
      return true
    })
  }

  pauses(): readonly Pause[] {
    return this.#kept().pauses.all()
  }

  async note(control: Control): Promise<void> {
    await this.record([{ kind: 'control', control }])
  }

  events(query: EventQuery): EventPage {
    return this.#kept().ledger.events(query)
  }

  export(after: number, limit: number): ExportPage {
    return this.#kept().ledger.export(after, limit)
  }

  async follow(after: number, wait_ms: number): Promise<readonly LedgerRecord[]> {
    const { ledger } = this.#kept()
    const deadline = Date.now() + Math.min(wait_ms, LONGEST_WAIT_MS)
    while (ledger.head().seq <= after && Date.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop -- woken for whatever changes, a record or not
      await this.#waiting.wait(APPENDED, deadline - Date.now())
    }
    return ledger.tail(after)
  }

  verify(from: VerifyFrom | null): VerifyPart {
    return this.#kept().ledger.verify(from)
  }

  counts(): TenantCounts {
    const { grants, approvals, ledger } = this.#kept()
    const now = Date.now()
    return {
      grants: grants.counts(now),
      approvals: { pending: approvals.pending(now) },
      ...ledger.counts(),
      head: ledger.head(),
    }
  }

  /** Once a day: forgets what is old. A long pruning goes on in parts. */
  override async alarm(): Promise<void> {
    const now = Date.now()
    const { approvals, access, ledger } = this.#kept()
    const { more } = this.ctx.storage.transactionSync(() => {
      approvals.forget(forgottenBefore(now))
      access.forget(forgottenBefore(now))
      return ledger.prune(now, retentionDays(this.env))
    })
    await this.ctx.storage.setAlarm(now + (more ? NEXT_PART_MS : DAY_MS))
  }

  async #enterAll(entries: readonly Entry[]): Promise<readonly Entered[]> {
    const door = { tenant: this.#name(), now: Date.now(), newId: () => this.#newId('ap') }
    return this.#change((tables) => entries.map((entry) => enter(tables, entry, door)))
  }

  /** Changes everything or nothing. */
  async #change<T>(work: (tables: Tables) => T): Promise<T> {
    const tables = this.#kept()
    const done = this.ctx.storage.transactionSync(() => work(tables))
    this.#waiting.wake(APPENDED)
    await this.#setAlarm()
    return done
  }

  async #setAlarm(): Promise<void> {
    if (this.#alarmed) return
    const { storage } = this.ctx
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + DAY_MS)
    this.#alarmed = true
  }

  #kept(): Tables {
    this.#tables ??= tablesIn(this.ctx.storage.sql, this.#name())
    return this.#tables
  }

  /** @throws for an object that was asked for by its id: it would begin a chain of another name. */
  #name(): string {
    const { name } = this.ctx.id
    if (name === undefined) throw new Error('a tenant is asked for by its name')
    return name
  }

  #newId(prefix: 'ap' | 'ar'): string {
    return newId(prefix, this.#name(), (count) => crypto.getRandomValues(new Uint8Array(count)))
  }
}
