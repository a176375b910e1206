import type { Forms, Pattern } from './forms.ts'
import { GRAM, RUN } from './grams.ts'
import type { Bytes } from './spellings.ts'
import { slotOf, tablesOf } from './tables.ts'
import type { Place, Tables } from './tables.ts'

/** A stretch of bytes that is to go, end exclusive. */
export interface Span {
  from: number
  to: number
  /** What takes its place is UTF-16. */
  readonly wide: boolean
}

/**
 * Searches bytes for every form of several secrets at once. A text of a form has `stride` + 3 bytes
 * or more, so one of its first grams begins at a multiple of `stride`: only there is looked, with one
 * read and one bit of a table, and what has the bit is compared in full. It hands out places and
 * never what it searches for.
 *
 * - `longest`: the bytes of the longest text of a form; 0 where there is nothing to search for.
 * - `spans`: what is to go, in order; where two overlap, they are one.
 * - `held`: from where on the bytes may be the beginning of something that goes on behind their end;
 *   their length when nothing is.
 */
export class Search {
  readonly #tables: Tables

  constructor(all: readonly Forms[]) {
    this.#tables = tablesOf(all)
  }

  get longest(): number {
    return this.#tables.longest
  }

  spans(bytes: Uint8Array): Span[] {
    return spansIn(bytes, this.#tables)
  }

  held(bytes: Uint8Array): number {
    return heldIn(bytes, this.#tables)
  }
}

function spansIn(bytes: Uint8Array, tables: Tables): Span[] {
  const found: Span[] = []
  const known: Comparing['known'] = new Map()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const last = bytes.length - GRAM
  let at = 0
  while (at <= last) {
    const end = Math.min(last, at + SCANNED)
    at = scan(view, at, end, tables)
    if (at > end) continue
    const places = tables.grams.get(view.getUint32(at, true))
    if (places) compare(bytes, at, { places, tables, found, known })
    at += tables.stride
  }
  return merged(found)
}

/** A loop that is entered once a megabyte stays unoptimised for long, at a tenth of the speed. */
const SCANNED = 8192

/** The first place from `at` to `end` whose gram is in the filter; else the next one behind `end`. */
function scan(view: DataView, at: number, end: number, { bits, stride }: Tables): number {
  let place = at
  for (; place <= end; place += stride) {
    const slot = slotOf(view.getUint32(place, true))
    if ((((bits[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) !== 0) break
  }
  return place
}

interface Comparing {
  readonly places: readonly Place[]
  readonly tables: Tables
  readonly found: Span[]
  /** The last run of each secret, which all of its grams lead to: how far its bytes are apart, its end. */
  readonly known: Map<Bytes, { readonly apart: number; readonly to: number }>
}

/** Everything that a gram at `at` may be a part of. */
function compare(bytes: Uint8Array, at: number, comparing: Comparing): void {
  const { tables, found } = comparing
  addRuns(bytes, at, comparing)
  for (let from = Math.max(0, at - tables.stride + 1); from <= at; from += 1) {
    const patterns = tables.byFirst[bytes[from] ?? 0]
    if (!patterns) continue
    for (const { places: all, wide } of patterns) {
      const to = endOf(all, bytes, from)
      if (to > from) found.push({ from, to, wide })
    }
  }
}

/** One look at each run: that of a long secret has hundreds of grams. */
function addRuns(bytes: Uint8Array, at: number, { places, found, known }: Comparing): void {
  for (const [plain, place] of places) {
    const last = known.get(plain)
    if (last?.apart === at - place && at < last.to) continue
    const run = runAround(bytes, at, plain, place)
    if (!run) continue
    found.push(run)
    known.set(plain, { apart: at - place, to: run.to })
  }
}

function heldIn(bytes: Uint8Array, { used, longest, byFirst, plains }: Tables): number {
  const { length } = bytes
  let begin = length
  const furthest = Math.max(0, length - longest)
  while (begin > furthest && used[bytes[begin - 1] ?? 0] === 1) begin -= 1
  if (begin === length) return length
  for (let at = begin; at < length; at += 1) {
    const patterns = byFirst[bytes[at] ?? 0] ?? []
    if (patterns.some(({ places }) => endOf(places, bytes, at, true) === RAN_OUT)) {
      return Math.min(at, heldRun(bytes, plains))
    }
  }
  return heldRun(bytes, plains)
}

/** The same for a run that is still too short, or might grow. */
function heldRun(bytes: Uint8Array, plains: readonly Bytes[]): number {
  // One that has begun already is seen from where it may have begun.
  let begin = Math.max(0, bytes.length - RUN + 1)
  const furthest = Math.max(0, begin - MOST_BLANKS)
  while (begin > furthest && isBlank(bytes[begin])) begin -= 1
  const tail = String.fromCharCode(...bytes.subarray(begin))
  for (let at = 0; at < tail.length; at += 1) {
    if (isBlank(tail.charCodeAt(at))) continue
    const part = tail.slice(at)
    for (const plain of plains) {
      const found = plain.indexOf(part)
      if (found >= 0 && found + RUN <= plain.length) return begin + at
    }
  }
  return bytes.length
}

const RAN_OUT = -2

/** More in a row are in no secret. */
const MOST_BLANKS = 64

/** No run begins with one of these: what a line of a stream ends with would wait for the next line. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

/**
 * Where the longest text of a pattern ends that begins at `from`; -1 when none does. With `eager`,
 * `RAN_OUT` where one may go on behind the end of the bytes.
 */
function endOf(places: Pattern['places'], bytes: Uint8Array, from: number, eager = false): number {
  let reached = [from]
  for (const spellings of places) {
    const next: number[] = []
    for (const at of reached) {
      for (const spelling of spellings) {
        const stood = standing(spelling, bytes, at)
        const end = at + stood
        if (stood === spelling.length) {
          if (!next.includes(end)) next.push(end)
        } else if (eager && end === bytes.length) return RAN_OUT
      }
    }
    if (next.length === 0) return -1
    reached = next
  }
  return Math.max(...reached)
}

/** How many bytes of a spelling stand there. */
function standing(spelling: Bytes, bytes: Uint8Array, at: number): number {
  let count = 0
  while (count < spelling.length && bytes[at + count] === spelling.charCodeAt(count)) count += 1
  return count
}

/** The run of a secret's bytes through `at`, where its byte `place` is; null for one that is too short. */
function runAround(bytes: Uint8Array, at: number, plain: Bytes, place: number): Span | null {
  const apart = at - place
  const same = (next: number) => next >= 0 && bytes[apart + next] === plain.charCodeAt(next)
  let from = place
  let to = place + GRAM
  while (same(from - 1)) from -= 1
  while (to < plain.length && same(to)) to += 1
  const run = trimmed(plain, from, to)
  return run && { from: apart + run.from, to: apart + run.to, wide: false }
}

/** What goes of a run of a secret's bytes; null for one that is too short. */
function trimmed(
  plain: Bytes,
  begin: number,
  end: number,
): { readonly from: number; readonly to: number } | null {
  let [from, to] = [begin, end]
  while (from < to && isBlank(plain.charCodeAt(from))) from += 1
  if (to - from < RUN) return null
  // A character of UTF-8 stays whole, and so does the escape that a backslash begins.
  while (isInside(plain, from)) from += 1
  while (isInside(plain, to)) to -= 1
  while (plain.charAt(to - 1) === '\\') to -= 1
  return { from, to }
}

/** Whether a character of UTF-8 goes on there. */
function isInside(plain: Bytes, place: number): boolean {
  return (plain.charCodeAt(place) & 0xc0) === 0x80
}

function merged(found: Span[]): Span[] {
  const spans: Span[] = []
  for (const span of found.toSorted((one, other) => one.from - other.from)) {
    const last = spans.at(-1)
    if (last && span.from < last.to) last.to = Math.max(last.to, span.to)
    else spans.push(span)
  }
  return spans
}
