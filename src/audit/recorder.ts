import type { TenantStub } from '../tenants/stubs.ts'
import type { NewRecord } from './record.ts'

/** A record waits for others so long at most, and as many as that go together at most. */
export const BATCH_MS = 1000
export const BATCH_RECORDS = 64

/** What cannot be written is kept for the next time, up to this. What is beyond that is lost. */
const MOST_KEPT = 2000

/** Refusals of strangers that are recorded one by one in each period; the others are counted. */
const STRANGERS = 20
const STRANGERS_MS = 10_000

export interface Recording {
  readonly now: () => number
  /** Lets work go on after the answer, and after the agent has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly tenantOf: (name: string) => TenantStub
  /** For the operator's console. */
  readonly warn: (message: string) => void
}

interface Batch {
  readonly records: NewRecord[]
  /** When the oldest of them came, Unix ms. */
  since: number
}

interface Flood {
  readonly since: number
  seen: number
  readonly counts: Map<string, number>
}

/**
 * Records of one isolate on their way to the ledgers of their tenants, in batches: what is here when
 * the isolate dies is lost, so a sensitive call is not recorded here but at the door (gate.ts).
 */
export class Recorder {
  readonly #batches = new Map<string, Batch>()
  readonly #floods = new Map<string, Flood>()

  /** Never throws, and never makes anybody wait. */
  add(tenant: string, record: NewRecord, deps: Recording): void {
    const now = deps.now()
    const batch = this.#batches.get(tenant) ?? { records: [], since: now }
    this.#batches.set(tenant, batch)
    batch.records.push(record)
    const first = batch.records.length === 1
    if (first) batch.since = now
    // A batch whose request was ended before its time goes with the next record.
    const due = batch.records.length >= BATCH_RECORDS || now - batch.since > 2 * BATCH_MS
    if (due) deps.waitUntil(this.#send(tenant, deps))
    else if (first) deps.waitUntil(pause(BATCH_MS).then(() => this.#send(tenant, deps)))
  }

  /**
   * The refusal of somebody who is not known. The first ones of a period are recorded, so that an
   * operator sees what is wrong with a client; a flood is counted by its codes.
   */
  addStranger(tenant: string, code: string, record: NewRecord, deps: Recording): void {
    const now = deps.now()
    let flood = this.#floods.get(tenant)
    if (!flood || now - flood.since >= STRANGERS_MS) {
      if (flood) this.#addCounts(tenant, flood, deps)
      this.#floods.set(tenant, (flood = { since: now, seen: 0, counts: new Map() }))
    }
    flood.seen += 1
    if (flood.seen <= STRANGERS) return this.add(tenant, record, deps)
    const counted = flood.counts.get(code) ?? 0
    flood.counts.set(code, counted + 1)
    if (flood.seen !== STRANGERS + 1) return
    const whole = flood
    const later = pause(STRANGERS_MS).then(() => {
      if (this.#floods.get(tenant) !== whole) return
      this.#floods.delete(tenant)
      this.#addCounts(tenant, whole, deps)
    })
    deps.waitUntil(later)
  }

  #addCounts(tenant: string, { since, counts }: Flood, deps: Recording): void {
    if (counts.size === 0) return
    const refusals = {
      since: new Date(since).toISOString(),
      until: new Date(deps.now()).toISOString(),
      counts: Object.fromEntries(counts),
    }
    this.add(tenant, { kind: 'refusals', refusals }, deps)
  }

  async #send(tenant: string, deps: Recording): Promise<void> {
    const batch = this.#batches.get(tenant)
    if (!batch) return
    this.#batches.delete(tenant)
    const { records } = batch
    try {
      await deps.tenantOf(tenant).record(records)
    } catch {
      this.#keep(tenant, records, deps)
    }
  }

  /** For the next try, before what has come since. */
  #keep(tenant: string, records: readonly NewRecord[], deps: Recording): void {
    const newer = this.#batches.get(tenant)?.records ?? []
    const all = [...records, ...newer]
    const kept = all.slice(0, MOST_KEPT)
    const lost = all.length - kept.length
    this.#batches.set(tenant, { records: kept, since: deps.now() })
    const fate = lost > 0 ? `, ${lost} are lost` : ''
    deps.warn(`audit: ${kept.length} records of ${tenant} cannot be written yet${fate}`)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
