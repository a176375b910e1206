/** The automaton of Aho and Corasick (1975) over bytes: what `src/scrub/search.ts` is measured against. */
export interface Automaton {
  /** The next state, for a state and a byte. */
  readonly next: Int32Array
  /** 1 for a state in which some text ends. */
  readonly ends: Uint8Array
}

const BYTES = 256

export function automatonOf(texts: readonly string[]): Automaton {
  const most = texts.reduce((sum, { length }) => sum + length, 1)
  const next = new Int32Array(most * BYTES)
  const ends = new Uint8Array(most)
  let states = 1
  for (const text of texts) {
    let state = 0
    for (const char of text) {
      const edge = state * BYTES + char.charCodeAt(0)
      state = next[edge] ||= states++
    }
    ends[state] = 1
  }
  addFailures({ next, ends }, states)
  return { next, ends }
}

/** Where a state has no edge of its own, that of the longest text which is an end of its own. */
function addFailures({ next, ends }: Automaton, states: number): void {
  const failure = new Int32Array(states)
  const queue = [...next.subarray(0, BYTES)].filter((state) => state > 0)
  for (const state of queue) {
    const back = of(failure, state)
    if (of(ends, back) === 1) ends[state] = 1
    for (let byte = 0; byte < BYTES; byte += 1) {
      const edge = state * BYTES + byte
      const child = of(next, edge)
      const otherwise = of(next, back * BYTES + byte)
      if (child === 0) next[edge] = otherwise
      else {
        failure[child] = otherwise
        queue.push(child)
      }
    }
  }
}

function of(table: Int32Array | Uint8Array, index: number): number {
  return table[index] ?? 0
}

/** Whether one of the texts stands in these bytes. */
export function found({ next, ends }: Automaton, bytes: Uint8Array): boolean {
  let state = 0
  for (let at = 0; at < bytes.length; at += 1) {
    state = next[state * BYTES + (bytes[at] ?? 0)] ?? 0
    if (ends[state] === 1) return true
  }
  return false
}
