import { printable, printableJson } from './printable.ts'

/** The only way to the terminal: nothing passes that steers it, and no secret that was `hide`n. */
export interface Screen {
  /** Columns; Infinity where nobody looks. */
  readonly width: number
  /** Lines of the answer, to standard output. */
  readonly say: (...lines: readonly string[]) => void
  /** A line for the person, to standard error. */
  readonly tell: (line: string) => void
  /** The answer for programs: indented, or one line a value with `lines`. */
  readonly json: (value: unknown, form?: 'lines') => void
  readonly hide: (secret: string) => void
}

/** What one writes to: `process.stdout`, and the like. */
export interface Sink {
  readonly write: (text: string) => unknown
  readonly columns?: number | undefined
}

/** Shorter ones would make holes in what has nothing to do with them. */
const SHORTEST_SECRET = 8

export function screenOn(out: Sink, err: Sink): Screen {
  const secrets = new Set<string>()
  const clean = (text: string): string =>
    [...secrets].reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
  return {
    width: out.columns ?? Infinity,
    say: (...lines) => {
      for (const line of lines) out.write(`${printable(clean(line))}\n`)
    },
    tell: (line) => void err.write(`outpost: ${printable(clean(line))}\n`),
    json: (value, form) => {
      out.write(`${clean(printableJson(value, form === 'lines' ? 0 : 2))}\n`)
    },
    hide: (secret) => {
      if (secret.length >= SHORTEST_SECRET) secrets.add(secret)
    },
  }
}
