/**
 * A pattern for a whole text, as `scripts/catalog/pattern-program.ts` has made it from a regular
 * expression: plain data, that stands in the catalog.
 */
export interface Program {
  /** As it was written, for messages. */
  readonly source: string
  readonly steps: readonly Step[]
}

/**
 * One step: a character of these ranges (code points, from and to, both included) and then the next
 * step; or without a character to each of those steps; or the end.
 */
export type Step =
  | { readonly ranges: readonly number[] }
  | { readonly to: readonly number[] }
  | { readonly end: true }

/** Longer texts match nothing: what is written in a pattern is short. In UTF-16 code units. */
export const LONGEST_TEXT = 16 * 1024

/**
 * Whether the whole text is as the program says. Holds every step that may be reached at once, so
 * that the time is linear in the text: at most its length times the steps of the program.
 */
export function matchesWhole({ steps }: Program, text: string): boolean {
  if (text.length > LONGEST_TEXT) return false
  let reached = closure(steps, [0])
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    const next: number[] = []
    for (const at of reached) {
      const step = steps[at]
      if (step && 'ranges' in step && isIn(step.ranges, code)) next.push(at + 1)
    }
    if (next.length === 0) return false
    reached = closure(steps, next)
  }
  return reached.some((at) => 'end' in (steps[at] ?? {}))
}

/** With all that is reached from there without a character, each once. */
function closure(steps: readonly Step[], from: readonly number[]): readonly number[] {
  const seen = new Set<number>()
  const waiting = [...from]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const step = steps[at]
    if (step && 'to' in step) waiting.push(...step.to)
  }
  return [...seen]
}

function isIn(ranges: readonly number[], code: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (code >= (ranges[at] ?? Infinity) && code <= (ranges[at + 1] ?? -1)) return true
  }
  return false
}
