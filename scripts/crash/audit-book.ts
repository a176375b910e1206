import type { Head, LedgerRecord } from '../../src/audit/record.ts'
import { ExportCheck, MEANINGS } from '../audit/export-check.ts'

/** The exported chain of one tenant, verified, and found again by what it records. */
export class Book {
  readonly faults: readonly string[]
  readonly records: number
  readonly #hashes = new Map<number, string>()
  readonly #calls = new Map<string, Map<string, number>>()
  readonly #changes = new Set<string>()
  /** How often each approval was used. */
  readonly uses = new Map<string, number>()

  constructor(tenant: string, lines: Iterable<string>) {
    const check = new ExportCheck(tenant)
    for (const line of lines) {
      check.add(line)
      this.#add(JSON.parse(line) as LedgerRecord)
    }
    const { faults, start, records } = check.report(null)
    this.records = records
    this.faults = [
      ...(start === 'genesis' ? [] : [`${tenant}: the export does not begin at the beginning`]),
      ...faults.map(({ seq, what }) => `${tenant}: record ${seq}: ${MEANINGS[what]}`),
    ]
  }

  /** How many records of this kind there are of a path. */
  count(path: string, kind: 'call' | 'opened' | 'closed'): number {
    return this.#calls.get(path)?.get(kind) ?? 0
  }

  hasChange(action: string, target: string): boolean {
    return this.#changes.has(`${action} ${target}`)
  }

  /** Whether a head that was noted earlier is in this chain. */
  holds({ seq, hash }: Head): boolean {
    return this.#hashes.get(seq) === hash
  }

  #add(record: LedgerRecord): void {
    this.#hashes.set(record.seq, record.hash)
    if (record.kind === 'refusals') return
    if (record.kind === 'control') {
      this.#changes.add(`${record.control.action} ${record.control.target}`)
      return
    }
    const { path, approval } = record.event
    if (record.kind === 'opened' && approval !== null) {
      this.uses.set(approval, (this.uses.get(approval) ?? 0) + 1)
    }
    const kinds = this.#calls.get(path ?? '') ?? new Map<string, number>()
    kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1)
    this.#calls.set(path ?? '', kinds)
  }
}
