import type { NewRecord } from './record.ts'

/** What cannot be written is kept for the next time, up to this, oldest first. The rest is lost. */
export const MOST_KEPT = 2000

/** Records that go to the ledger together. */
export interface Batch {
  readonly records: readonly NewRecord[]
  /** When it was sent, Unix ms. */
  readonly at: number
  /** When the oldest try of any of them was whose end nobody knows: they may be recorded already. */
  readonly doubtful: number | null
}

/** The records of one tenant that wait in an isolate, and those that are on their way. */
export class Line {
  readonly tenant: string
  #waiting: NewRecord[] = []
  #sent: Batch | null = null
  #doubtful: number | null = null
  #lost = 0
  #headAt: number | null = null
  /** When somebody has promised to send what waits, Unix ms. */
  promised: number | null = null
  /** After a failure it is not tried again before, Unix ms. */
  notBefore = 0

  constructor(tenant: string) {
    this.tenant = tenant
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length
  }

  get isSending(): boolean {
    return this.#sent !== null
  }

  /** Whether there has been no answer to what was sent before that moment. */
  isSilent(before: number): boolean {
    return this.#sent !== null && this.#sent.at < before
  }

  /** Whether the last one was so long ago. Then this is the one. */
  isHeadDue(now: number, every_ms: number): boolean {
    if (this.#headAt !== null && now - this.#headAt < every_ms) return false
    this.#headAt = now
    return true
  }

  /** The last to come are lost when there are too many, so that what is kept has no gap. */
  push(record: NewRecord): void {
    const kept = this.#waiting.length + (this.#sent?.records.length ?? 0)
    if (kept < MOST_KEPT) this.#waiting.push(record)
    else this.#lost += 1
  }

  /** All that waits, to be sent now. null: nothing does. */
  take(now: number): Batch | null {
    this.promised = null
    if (this.#waiting.length === 0 || this.#sent) return null
    const records = this.#waiting
    this.#waiting = []
    // With the first batch after a success, since a second try must be the same as the first.
    if (this.#lost > 0 && this.#doubtful === null) {
      records.push(lostOf(this.tenant, this.#lost, now))
      this.#lost = 0
    }
    this.#sent = { records, at: now, doubtful: this.#doubtful }
    return this.#sent
  }

  /** There was an answer. False when it came too late, and the records are not on their way. */
  settle(batch: Batch): boolean {
    if (this.#sent !== batch) return false
    this.#sent = null
    this.#doubtful = null
    return true
  }

  /** To be sent again, before what has come since. */
  putBack({ records, at, doubtful }: Batch, notBefore: number): void {
    this.#waiting = [...records, ...this.#waiting]
    this.#doubtful = doubtful ?? at
    this.notBefore = notBefore
  }

  /** No answer has come, and none will. */
  takeBack(now: number): void {
    const batch = this.#sent
    if (batch && this.settle(batch)) this.putBack(batch, now)
  }

  /** For the operator: how many are lost so far. */
  get fate(): string {
    return this.#lost > 0 ? `, ${this.#lost} are lost` : ''
  }
}

/** The chain shows that there is a gap: these calls have a line on the console only. */
function lostOf(tenant: string, records: number, now: number): NewRecord {
  const at = new Date(now).toISOString()
  const control = { at, action: 'audit.lost', by: 'outpost', target: tenant, details: { records } }
  return { kind: 'control', control }
}
