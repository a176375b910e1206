import type { Forms, Pattern } from './forms.ts'
import { GRAM, RUN, gramAt } from './grams.ts'
import type { Bytes } from './spellings.ts'

/** Where a run of a secret may be lying: in which secret, and at which of its bytes. */
export type Place = readonly [plain: Bytes, at: number]

/** What a search goes by. */
export interface Tables {
  /** One bit for each gram that is worth a comparison: a filter. */
  readonly bits: Uint32Array
  /** Those grams, and the runs that each may lie in. */
  readonly grams: Map<number, Place[]>
  readonly byFirst: (Pattern[] | undefined)[]
  readonly plains: Bytes[]
  /** 1 for each byte that is in some form. */
  readonly used: Uint8Array
  readonly stride: number
  readonly longest: number
}

/** Of the filter. Three secrets fill a fiftieth of it. */
const TABLE_BITS = 17

/** More places of one gram than this are in no secret but a very monotonous one. */
const MOST_PLACES = 64

/** The tables for every form of several secrets. */
export function tablesOf(all: readonly Forms[]): Tables {
  const patterns = all.flatMap((each) => each.patterns)
  const plains = all.flatMap((each) => each.plains)
  const grams = new Map<number, Place[]>(
    patterns.flatMap((pattern) => Array.from(pattern.grams, (gram) => [gram, []])),
  )
  for (const plain of plains) {
    for (let at = 0; at + GRAM <= plain.length; at += 1) {
      const gram = gramAt(plain, at)
      const places = grams.get(gram) ?? []
      if (places.length < MOST_PLACES) places.push([plain, at])
      grams.set(gram, places)
    }
  }
  const tables: Tables = {
    bits: new Uint32Array(1 << (TABLE_BITS - 5)),
    grams,
    byFirst: [],
    plains,
    used: new Uint8Array(256),
    stride: Math.min(RUN, ...patterns.map(({ least }) => least)) - GRAM + 1,
    longest: Math.max(0, ...patterns.map(({ most }) => most)),
  }
  fill(tables, patterns)
  return tables
}

function fill({ bits, grams, byFirst, used }: Tables, patterns: readonly Pattern[]): void {
  for (const gram of grams.keys()) {
    const slot = slotOf(gram)
    bits[slot >>> 5] = (bits[slot >>> 5] ?? 0) | (1 << (slot & 31))
  }
  for (const pattern of patterns) {
    for (const byte of pattern.bytes) used[byte] = 1
    const firsts = new Set(pattern.places[0]?.map((spelling) => spelling.charCodeAt(0)))
    for (const first of firsts) (byFirst[first] ??= []).push(pattern)
  }
}

/** Where the bit of a gram is: Knuth's multiplicative hash. */
export function slotOf(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> (32 - TABLE_BITS)
}
