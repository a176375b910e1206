import type { AST } from '@eslint-community/regexpp'

/** What a pattern may not have, and where it begins. */
export class Unsupported extends Error {
  readonly start: number

  constructor(message: string, start: number) {
    super(message)
    this.start = start
  }
}

const MOST = 0x10_ff_ff

/** The escapes of ECMAScript (§22.2.2.9), without the flag `i`. */
const DIGIT = [0x30, 0x39]
const WORD = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
const SPACE = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
].flat()
const LINE_ENDS = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029]

/** `.`, `\d`, `\s`, `\w` and their opposites, as pairs of code points, both included. */
export function rangesOfSet(set: AST.CharacterSet): readonly number[] {
  if (set.kind === 'any') return complement(LINE_ENDS)
  if (set.kind === 'property') {
    throw new Unsupported('properties of Unicode are not supported', set.start)
  }
  const ranges = { digit: DIGIT, space: SPACE, word: WORD }[set.kind]
  return set.negate ? complement(ranges) : ranges
}

/** What stands in a class, before its `^` is looked at. In order, without overlap. */
export function rangesOfClass({ elements }: AST.CharacterClass): readonly number[] {
  const pairs = elements.flatMap((element) => {
    if (element.type === 'Character') return [[element.value, element.value] as const]
    if (element.type === 'CharacterClassRange') {
      return [[element.min.value, element.max.value] as const]
    }
    if (element.type === 'CharacterSet') return pairsOf(rangesOfSet(element))
    throw new Unsupported('this is not supported in a class', element.start)
  })
  const merged: [number, number][] = []
  for (const [from, to] of pairs.toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged.flat()
}

/** Every other character. The ranges are in order. */
export function complement(ranges: readonly number[]): readonly number[] {
  const found: number[] = []
  let next = 0
  for (const [from, to] of pairsOf(ranges)) {
    if (from > next) found.push(next, from - 1)
    next = to + 1
  }
  return next > MOST ? found : [...found, next, MOST]
}

function pairsOf(ranges: readonly number[]): (readonly [number, number])[] {
  return ranges.flatMap((from, index) =>
    index % 2 === 0 ? [[from, ranges[index + 1] ?? from] as const] : [],
  )
}
