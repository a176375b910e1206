import type { TenantStub } from '../tenants/stubs.ts'
import { Line } from './line.ts'
import type { Head, NewRecord } from './record.ts'

/** A record waits for others so long at most, and as many as that go together. */
export const BATCH_MS = 1000
export const BATCH_RECORDS = 64

/** What could not be written is tried again after that. */
export const RETRY_MS = 2000

/** Nobody hears of an answer whose request was ended: after that, the batch is sent once more. */
export const ANSWER_MS = 10_000

/** A tenant's head is printed so seldom. */
export const HEAD_MS = 60_000

/**
 * Refusals that are recorded one by one in each period, of all strangers together and of each caller;
 * the others are counted: nobody fills a ledger with what he may not do.
 */
export const STRANGERS = 20
export const REFUSED = 100
export const FLOOD_MS = 10_000

/** So many callers' refusals are watched at the same time; then it begins anew for all. */
const MOST_FLOODS = 1000

export interface Recording {
  readonly now: () => number
  /** Lets work go on after the answer, and after the agent has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly tenantOf: (name: string) => TenantStub
  /** For the operator's console. */
  readonly warn: (message: string) => void
  /** A place in a tenant's chain, for the console: whoever keeps it can hold the chain to it. */
  readonly printHead: (tenant: string, head: Head) => void
}

/** Who was refused, and how. */
export interface Refused {
  readonly tenant: string
  /** null: somebody who is not known. */
  readonly caller: string | null
  readonly code: string
}

interface Flood {
  readonly since: number
  seen: number
  readonly counts: Map<string, number>
}

/**
 * Records of one isolate on their way to the ledgers of their tenants, in batches: what is here when
 * the isolate dies is lost, so a sensitive call is not recorded here but at the door (gate.ts).
 *
 * Whoever adds a record lends its own time for the sending. A request can be ended at any moment,
 * so nobody relies on what another has promised for longer than that takes.
 */
export class Recorder {
  readonly #lines = new Map<string, Line>()
  readonly #floods = new Map<string, Flood>()

  /** Never throws, and never makes anybody wait. */
  add(tenant: string, record: NewRecord, deps: Recording): void {
    const now = deps.now()
    const line = this.#lines.get(tenant) ?? new Line(tenant)
    this.#lines.set(tenant, line)
    if (line.isSilent(now - ANSWER_MS)) line.takeBack(now)
    line.push(record)
    const full = line.length >= BATCH_RECORDS && now >= line.notBefore
    const forgotten = line.promised !== null && now > line.promised + BATCH_MS
    if (!line.isSending && (full || forgotten)) deps.waitUntil(send(line, deps))
    else if (line.promised === null || forgotten) promise(line, BATCH_MS, deps)
  }

  /**
   * The refusal of a caller, or of anybody who is not known (`caller` null). The first ones of a period
   * are recorded, so that an operator sees what is wrong with a client; a flood is counted by its
   * codes.
   */
  addRefusal({ tenant, caller, code }: Refused, record: NewRecord, deps: Recording): void {
    const now = deps.now()
    const key = `${tenant} ${caller ?? ''}`
    const flood = this.#floodOf(key, tenant, deps)
    flood.seen += 1
    const singly = caller === null ? STRANGERS : REFUSED
    if (flood.seen <= singly) return this.add(tenant, record, deps)
    const counted = flood.counts.get(code) ?? 0
    flood.counts.set(code, counted + 1)
    if (flood.seen !== singly + 1) return
    const later = pause(FLOOD_MS - (now - flood.since)).then(() => {
      if (this.#floods.get(key) !== flood) return
      this.#floods.delete(key)
      this.#addCounts(tenant, flood, deps)
    })
    deps.waitUntil(later)
  }

  #floodOf(key: string, tenant: string, deps: Recording): Flood {
    const now = deps.now()
    const known = this.#floods.get(key)
    if (known && now - known.since < FLOOD_MS) return known
    if (known) this.#addCounts(tenant, known, deps)
    if (this.#floods.size >= MOST_FLOODS) this.#floods.clear()
    const flood = { since: now, seen: 0, counts: new Map<string, number>() }
    this.#floods.set(key, flood)
    return flood
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
}

/** Sends what waits after so long, unless it has gone by then. */
function promise(line: Line, ms: number, deps: Recording): void {
  const at = deps.now() + ms
  line.promised = at
  const later = pause(ms).then(async () => {
    if (line.promised !== at) return
    const now = deps.now()
    if (line.isSilent(now - ANSWER_MS)) line.takeBack(now)
    if (line.isSending) promise(line, BATCH_MS, deps)
    else if (now < line.notBefore) promise(line, line.notBefore - now, deps)
    else await send(line, deps)
  })
  deps.waitUntil(later)
}

/** One batch at a time, so that the records of an isolate stay in order. */
async function send(line: Line, deps: Recording): Promise<void> {
  const batch = line.take(deps.now())
  if (!batch) return
  const { records, doubtful } = batch
  try {
    const head = await deps.tenantOf(line.tenant).record(records, doubtful)
    if (line.settle(batch) && line.isHeadDue(deps.now(), HEAD_MS)) deps.printHead(line.tenant, head)
  } catch {
    if (!line.settle(batch)) return // it has been taken back, and is on its way again
    line.putBack(batch, deps.now() + RETRY_MS)
    if (line.promised === null) promise(line, RETRY_MS, deps)
    deps.warn(`audit: ${line.length} records of ${line.tenant} cannot be written yet${line.fate}`)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
