/**
 * A scalar without quotes that YAML 1.1 or 1.2 may read as something else than text: `yes`, `60_000`,
 * nothing at all. What it means depends on the key it is written at, so the text is kept.
 */
export class Word {
  readonly text: string
  readonly kind: 'bool' | 'number' | 'null'

  constructor(text: string, kind: Word['kind']) {
    this.text = text
    this.kind = kind
  }
}

/** What a file says, before anybody has asked what it means. Quoted scalars are strings. */
export type Tree = string | Word | readonly Tree[] | { readonly [key: string]: Tree }

/** What PyYAML reads as a boolean: https://yaml.org/type/bool.html without the single letters. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  [
    ['true', 'yes', 'on'].map((word) => [word, true] as const),
    ['false', 'no', 'off'].map((word) => [word, false] as const),
  ]
    .flat()
    .flatMap(([word, value]) => [
      [word, value] as const,
      [word.toUpperCase(), value] as const,
      [word.slice(0, 1).toUpperCase() + word.slice(1), value] as const,
    ]),
)

const NOTHING = /^(?:|~|null|Null|NULL)$/
const NUMBER =
  /^(?:0x[0-9a-fA-F_]+|0o[0-7_]+|[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?)$/

/** A scalar as it stands in the file, without quotes. */
export function plainScalar(text: string): string | Word {
  if (NOTHING.test(text)) return new Word(text, 'null')
  if (BOOLEANS.has(text)) return new Word(text, 'bool')
  return NUMBER.test(text) ? new Word(text, 'number') : text
}

/** The boolean that an unquoted word stands for; undefined for anything else, `"false"` included. */
export function booleanOf(found: unknown): boolean | undefined {
  return found instanceof Word ? BOOLEANS.get(found.text) : undefined
}

/** Whether nothing was written after the key: `deny:`. */
export function isEmpty(found: unknown): boolean {
  return found instanceof Word && found.kind === 'null' && found.text === ''
}

/** Whether the key was given no value in so many words: `tenant: null`. */
export function isNull(found: unknown): boolean {
  return found instanceof Word && found.kind === 'null' && found.text !== ''
}

/** A map of the file, and not a list or a scalar. */
export function isMapping(found: unknown): found is { readonly [key: string]: Tree } {
  return (
    typeof found === 'object' && found !== null && !Array.isArray(found) && !(found instanceof Word)
  )
}

/** The items of a list of the file; none for anything else. */
export function itemsOf(found: Tree | undefined): readonly Tree[] {
  return Array.isArray(found) ? (found as readonly Tree[]) : []
}
