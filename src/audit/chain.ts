import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

import { canonical } from './canonical.ts'
import type { Fault, FaultName, Head, LedgerRecord } from './record.ts'

/** A record as the chain sees it. */
export interface Linked {
  /** As it says itself. */
  readonly seq: number
  readonly prev: string
  readonly hash: string
  /** `textOf()` it. */
  readonly text: string
}

/** `prev` of the first record of a tenant, 64 hex characters. */
export function genesis(tenant: string): string {
  return hexDigest(`outpost audit ${tenant}`)
}

/**
 * The hash of a record: lower-case hex SHA-256 of `prev`, as its 64 hex characters, and the
 * record's text, in UTF-8.
 */
export function link(text: string, prev: string): string {
  return hexDigest(prev + text)
}

/** What is hashed of a record: everything but `prev` and `hash`, in canonical form. */
export function textOf(record: object): string {
  return canonical({ ...record, prev: undefined, hash: undefined })
}

/** The line of an export for a record, without a line end. The verifier wants these very bytes. */
export function lineOf(record: LedgerRecord): string {
  return canonical(record)
}

/** The place up to which records were pruned, when the record is the one that says so. */
export function checkpointOf(record: LedgerRecord): Head | null {
  if (record.kind !== 'control' || record.control.action !== 'audit.pruned') return null
  const { through, hash } = record.control.details
  return typeof through === 'number' && typeof hash === 'string' ? { seq: through, hash } : null
}

function hexDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

interface Known {
  /** null: of a line that could not be read. */
  readonly prev: string | null
  readonly hash: string | null
  /** Whether the hash is that of the text. */
  readonly whole: boolean
}

/**
 * Verifies a run of records, given one by one in the order in which they lie. In memory it keeps
 * two hashes of each.
 */
export class ChainCheck {
  readonly #known = new Map<number, Known>()
  readonly #faults: Fault[] = []
  readonly #from: Head | null
  #last: { readonly seq: number; readonly hash: string | null }
  #highest: number
  #lowest = Infinity

  /**
   * @param from the place that the run follows, when that is known
   * @param start `genesis()`: where it may begin, when it is not
   */
  constructor(from: Head | null, start: string) {
    this.#from = from
    this.#last = from ?? { seq: 0, hash: start }
    this.#highest = this.#last.seq
  }

  /** The lowest record so far and what it follows; null when there is none that can be read. */
  get first(): { readonly seq: number; readonly prev: string } | null {
    const prev = this.#known.get(this.#lowest)?.prev ?? null
    return prev === null ? null : { seq: this.#lowest, prev }
  }

  add(item: Linked): void {
    const { prev, hash, text } = item
    // What follows from the record before has its place from there, whatever number it gives itself.
    const seq = prev === this.#last.hash ? this.#last.seq + 1 : item.seq
    const whole = seq === item.seq && link(text, prev) === hash
    this.#last = { seq, hash }
    const before = this.#known.get(seq)
    if (seq <= (this.#from?.seq ?? 0) || (before && before.hash !== null)) {
      this.#find(seq, 'duplicated')
      return
    }
    if (seq < this.#highest) this.#find(seq, 'reordered')
    if (!whole) this.#find(seq, 'edited')
    this.#know(seq, { prev, hash, whole })
  }

  /** Something stands where the next record should. */
  addUnreadable(): void {
    const seq = this.#last.seq + 1
    this.#last = { seq, hash: null }
    this.#find(seq, 'unreadable')
    if (this.#known.has(seq)) return
    this.#know(seq, { prev: null, hash: null, whole: false })
  }

  /** The record that was added last has the right values in other bytes. */
  addRespelt(): void {
    this.#find(this.#last.seq, 'respelt')
  }

  /** The start is not where the chain or a checkpoint has it. */
  addWrongStart(seq: number): void {
    this.#find(seq, 'wrong start')
  }

  /**
   * Everything that was found, in the order of seq; neighbours with the same fault are one.
   *
   * @param head a place that must be there; null when none is known, or this is not the last part
   * @param final nothing may come after that place
   */
  faults(head: Head | null, final: boolean): readonly Fault[] {
    const found = [...this.#faults, ...this.#broken(), ...this.#gaps()]
    if (head) found.push(...this.#atEnd(head, final))
    return merged(found)
  }

  #know(seq: number, known: Known): void {
    this.#highest = Math.max(this.#highest, seq)
    this.#lowest = Math.min(this.#lowest, seq)
    this.#known.set(seq, known)
  }

  #find(seq: number, what: FaultName): void {
    this.#faults.push({ seq, through: seq, what })
  }

  /** Where a record that is whole says that another one stood before it. */
  #broken(): Fault[] {
    const found: Fault[] = []
    for (const [seq, { prev, whole }] of this.#known) {
      if (!whole) continue
      if (seq - 1 === this.#from?.seq) {
        if (prev !== this.#from.hash) found.push({ seq, through: seq, what: 'wrong start' })
        continue
      }
      const before = this.#known.get(seq - 1)
      if (!before || before.hash === null || before.hash === prev) continue
      found.push({ seq: seq - 1, through: seq - 1, what: 'edited' })
    }
    return found
  }

  #gaps(): Fault[] {
    const found: Fault[] = []
    const seqs = Float64Array.from(this.#known.keys()).toSorted()
    let before = this.#from?.seq ?? (seqs[0] ?? 1) - 1
    for (const seq of seqs) {
      if (seq > before + 1) found.push({ seq: before + 1, through: seq - 1, what: 'removed' })
      before = seq
    }
    return found
  }

  #atEnd({ seq, hash }: Head, final: boolean): Fault[] {
    const highest = this.#highest
    if (highest < seq) return [{ seq: highest + 1, through: seq, what: 'truncated' }]
    const found: Fault[] = []
    const there = seq === this.#from?.seq ? this.#from.hash : this.#known.get(seq)?.hash
    if (typeof there === 'string' && there !== hash) {
      found.push({ seq, through: seq, what: 'edited' })
    }
    if (final && highest > seq) found.push({ seq: seq + 1, through: highest, what: 'added' })
    return found
  }
}

/** In the order of seq, each once, neighbours with the same fault together. */
function merged(faults: readonly Fault[]): readonly Fault[] {
  const result: Fault[] = []
  const last = new Map<FaultName, number>()
  for (const fault of faults.toSorted((one, other) => one.seq - other.seq)) {
    const index = last.get(fault.what)
    const before = index === undefined ? undefined : result[index]
    if (index !== undefined && before && fault.seq <= before.through + 1) {
      result[index] = { ...before, through: Math.max(before.through, fault.through) }
      continue
    }
    last.set(fault.what, result.length)
    result.push(fault)
  }
  return result
}
