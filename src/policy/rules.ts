import { spellingsOf } from './path.ts'
import { parsePattern } from './pattern.ts'
import type { Pattern } from './pattern.ts'

/** Patterns in their order, arranged so that a look-up asks only those whose stem the path has. */
export interface Rules {
  /** The index of the first pattern that matches the path and is accepted, or -1. */
  readonly first: (path: string, accept?: (index: number) => boolean) => number
}

export function arrange(sources: readonly string[]): Rules {
  const patterns = sources.map(parsePattern)
  const byStem = Map.groupBy(patterns.keys(), (index) => patterns[index]?.stem ?? '')
  const deepest = Math.max(0, ...[...byStem.keys()].map((stem) => stem.split('/').length))

  return {
    first(path, accept = () => true) {
      let best = patterns.length
      for (const stem of stems(path, deepest)) {
        best = earliest(byStem.get(stem), best, (index) => accept(index) && at(index, path))
      }
      return best < patterns.length ? best : -1
    },
  }

  function at(index: number, path: string): boolean {
    const pattern: Pattern | undefined = patterns[index]
    return pattern?.matches(path) ?? false
  }
}

/** Finds the index of the first deny pattern that holds for any of the readings, or -1. */
export function denials(patterns: readonly string[]): (readings: readonly string[]) => number {
  const spelt = patterns.flatMap((pattern, index) =>
    spellingsOf(pattern).map((spelling) => ({ spelling, index })),
  )
  const arranged = arrange(spelt.map(({ spelling }) => spelling))
  return (readings) => {
    for (const reading of readings) {
      const found = spelt[arranged.first(reading)]
      if (found) return found.index
    }
    return -1
  }
}

/** Whether a rule for those methods is one for this method: `*` is any, and GET answers for HEAD. */
export function speaksFor(methods: readonly string[], method: string): boolean {
  if (methods.includes(method) || methods.includes('*')) return true
  return method === 'HEAD' && methods.includes('GET')
}

function earliest(
  indices: readonly number[] | undefined,
  best: number,
  matches: (index: number) => boolean,
): number {
  return indices?.find((index) => index < best && matches(index)) ?? best
}

/** The path and everything before each of its slashes, no deeper than any stem goes. */
function stems(path: string, deepest: number): string[] {
  const found = [path]
  let slash = -1
  while (found.length <= deepest && (slash = path.indexOf('/', slash + 1)) >= 0) {
    found.push(path.slice(0, slash))
  }
  return found
}
