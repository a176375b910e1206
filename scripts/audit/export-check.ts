import { canonical } from '../../src/audit/canonical.ts'
import { ChainCheck, checkpointOf, genesis, textOf } from '../../src/audit/chain.ts'
import type { Fault, FaultName, Head, LedgerRecord } from '../../src/audit/record.ts'

/** What the first record of an export was found to follow. */
export type Start = 'genesis' | 'checkpoint' | 'given head'

/** What is known of an export when all its lines were looked at. */
export interface Report {
  /** null: not one record could be read. */
  readonly tenant: string | null
  readonly records: number
  readonly first: number | null
  /** The last one's place: a head to be noted. */
  readonly last: Head | null
  /** null: it follows nothing that is known, which is a fault. */
  readonly start: Start | null
  /** Whether the head that was given could be looked for: not when it was pruned. */
  readonly headChecked: boolean
  readonly faults: readonly Fault[]
}

/** What a fault means, for a person. */
export const MEANINGS: Readonly<Record<FaultName, string>> = {
  edited: 'not what was recorded',
  removed: 'missing',
  reordered: 'stands after a later record',
  duplicated: 'was there already',
  truncated: 'missing at the end: the given head is beyond the last record',
  added: 'beyond the head',
  'wrong start': 'follows neither the genesis of the tenant nor a checkpoint in the chain',
  respelt: 'right values in other bytes: some program has written the line anew',
  unreadable: 'the line is not a record',
}

/** Of lines without a record. */
const NOTHING: Report = {
  tenant: null,
  records: 0,
  first: null,
  last: null,
  start: null,
  headChecked: false,
  faults: [],
}

const HASH = /^[0-9a-f]{64}$/

/** Verifies an export line by line. It knows nothing that is not in the lines or given to it. */
export class ExportCheck {
  #check: ChainCheck | null = null
  /** Lines before the first record. */
  #before = 0
  readonly #checkpoints = new Map<number, string>()
  #tenant: string | null
  #records = 0
  #last: Head | null = null

  /** `tenant` null: the tenant that the first record names. */
  constructor(tenant: string | null) {
    this.#tenant = tenant
  }

  /** A line without its line end; null: its bytes are not UTF-8. */
  add(line: string | null): void {
    const record = line === null ? null : recordIn(line)
    if (!record) {
      if (this.#check) this.#check.addUnreadable()
      else this.#before += 1
      return
    }
    const { seq, prev, hash } = record
    const check = this.#checkOf(record)
    check.add({ seq, prev, hash, text: textOf(record) })
    if (canonical(record) !== line) check.addRespelt()
    const checkpoint = checkpointOf(record)
    if (checkpoint) this.#checkpoints.set(checkpoint.seq, checkpoint.hash)
    this.#records += 1
    this.#last = { seq, hash }
  }

  /** `head`: a place that was noted earlier and has to be there. */
  report(head: Head | null): Report {
    const check = this.#check
    if (!check) return NOTHING
    const { first } = check
    const start = this.#startOf(check, head)
    const headChecked = head !== null && head.seq >= (first?.seq ?? 1) - 1
    return {
      tenant: this.#tenant,
      records: this.#records,
      first: first?.seq ?? null,
      last: this.#last,
      start,
      headChecked,
      faults: check.faults(headChecked ? head : null, false),
    }
  }

  /** Made with the first record: its tenant has to be known. */
  #checkOf({ tenant }: LedgerRecord): ChainCheck {
    if (this.#check) return this.#check
    this.#tenant ??= tenant
    const check = new ChainCheck(null, genesis(this.#tenant))
    for (let line = 0; line < this.#before; line += 1) check.addUnreadable()
    this.#check = check
    return check
  }

  /** Where the export begins in the chain; what is not accounted for is a fault. */
  #startOf(check: ChainCheck, head: Head | null): Start | null {
    const { first } = check
    if (!first) return null
    const { seq, prev } = first
    if (seq === 1 && prev === genesis(this.#tenant ?? '')) return 'genesis'
    if (this.#checkpoints.get(seq - 1) === prev) return 'checkpoint'
    if (head?.seq === seq - 1 && head.hash === prev) return 'given head'
    check.addWrongStart(seq)
    return null
  }
}

/** The record of a line, or null when it lacks what the chain needs. */
function recordIn(line: string): LedgerRecord | null {
  try {
    const said: unknown = JSON.parse(line)
    return isRecord(said) ? said : null
  } catch {
    return null
  }
}

function isRecord(said: unknown): said is LedgerRecord {
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return false
  const { seq, tenant, prev, hash, kind, control } = said as Record<string, unknown>
  if (!Number.isSafeInteger(seq) || Number(seq) < 1 || typeof tenant !== 'string') return false
  if (kind === 'control' && !hasDetails(control)) return false
  return [prev, hash].every((each) => typeof each === 'string' && HASH.test(each))
}

function hasDetails(control: unknown): boolean {
  if (typeof control !== 'object' || control === null || !('details' in control)) return false
  return typeof control.details === 'object' && control.details !== null
}
