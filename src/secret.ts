import { SHORTEST, formsOf, sentFormsOf } from './scrub/forms.ts'
import type { Forms } from './scrub/forms.ts'
import { scrubbedText } from './scrub/scrubber.ts'
import { Search } from './scrub/search.ts'

/** Longer keys are never equal to anything: the padded form is what makes the comparison constant. */
const COMPARED_BYTES = 1024

const encoder = new TextEncoder()

/** Where what was presented is put to be compared; nothing is awaited in between. */
const scratch = new Uint8Array(COMPARED_BYTES)

let read: (secret: Secret) => string
let formsIn: (secret: Secret) => Forms
let small: (secret: Secret) => Secret

/**
 * A credential. It prints as `[secret]` wherever it is logged, serialised or interpolated.
 *
 * - Line breaks at its end are not part of it: editors add one, `wrangler secret put < file` keeps it.
 *   `sent`: it was made of others to be sent, as the pair of `Basic` is; fewer forms of it are searched
 *   for.
 * - `equals`: whether `presented` is this secret. The time depends on `presented` alone: neither on
 *   where the two first differ nor on how long the secret is. Empty secrets, and those of more than
 *   1022 bytes, equal nothing.
 * - `is`: the same of a text that was made here: how long that takes depends on both.
 * - `redact`: as the function of that name does it, with this secret alone.
 */
export class Secret {
  readonly #value: string
  #padded: Uint8Array | null | undefined
  readonly #sent: boolean
  #forms: Forms | undefined
  #small: Secret | undefined

  static {
    small = (secret) => (secret.#small ??= secret.#inSmallLetters())
    read = (secret) => secret.#value
    formsIn = (secret) =>
      (secret.#forms ??= secret.#sent ? sentFormsOf(secret.#value) : formsOf(secret.#value))
  }

  constructor(value: string, sent = false) {
    this.#value = value.replace(/[\r\n]+$/, '')
    this.#sent = sent
  }

  #inSmallLetters(): Secret {
    const value = this.#value.toLowerCase()
    return this.#sent || value === this.#value ? this : new Secret(value)
  }

  equals(presented: string): boolean {
    this.#padded ??= padded(this.#value, new Uint8Array(COMPARED_BYTES))
    const mine = this.#padded
    const theirs = padded(presented, scratch.fill(0))
    return mine !== null && theirs !== null && crypto.subtle.timingSafeEqual(mine, theirs)
  }

  is(text: string): boolean {
    return this.#value === text
  }

  redact(text: string): string {
    return redact(text, [this])
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}

/** What is wrong with a secret, or with what was made of it. What it is, is not in the message. */
export class UnfitSecret extends Error {
  override readonly name = 'UnfitSecret'

  constructor(
    message = 'the credential has a character that a header cannot hold, such as a line break',
  ) {
    super(message)
  }
}

/** Opens a secret. Only `src/auth` and `src/plugins` may import this; the linter holds them to it. */
export function reveal(secret: Secret): string {
  return read(secret)
}

/**
 * `text` with every occurrence of a secret replaced by `[redacted]`, in every form that a `Search`
 * knows. One that is too short for that is replaced as it is, as a URL has it, and as a JSON string
 * has it: a header and a path are small, and a word more or less can be missed there.
 */
export function redact(text: string, secrets: readonly Secret[]): string {
  const clean = scrubbedText(text, searchFor(secrets))
  return secrets.reduce((rest, secret) => {
    const value = read(secret)
    return value.length < SHORTEST ? withoutWord(rest, value) : rest
  }, clean)
}

/**
 * Whether a name of a header holds a secret. The runtime shows names in small letters, and hands them on
 * as they came.
 */
export function isInName(name: string, secrets: readonly Secret[]): boolean {
  return (
    redact(
      name,
      secrets.flatMap((secret) => [...new Set([secret, small(secret)])]),
    ) !== name
  )
}

/**
 * A search for every form of these secrets, which hands none of them out. Those of one call are
 * mostly those of the call before: two searches are kept for each first secret.
 */
export function searchFor(secrets: readonly Secret[]): Search {
  const [first] = secrets
  if (!first) return NOTHING
  const kept = searches.get(first) ?? []
  const known = kept.find(
    ({ of }) => of.length === secrets.length && of.every((each, at) => each === secrets[at]),
  )
  if (known) return known.search
  const search = new Search(secrets.map(formsIn))
  searches.set(first, [{ of: [...secrets], search }, ...kept.slice(0, 1)])
  return search
}

const NOTHING = new Search([])

const searches = new WeakMap<
  Secret,
  readonly { readonly of: readonly Secret[]; readonly search: Search }[]
>()

/** The text put into an empty block, its length in front; null when it is empty or too long. */
function padded(text: string, block: Uint8Array): Uint8Array | null {
  const { read: taken, written } = encoder.encodeInto(text, block.subarray(2))
  if (text === '' || taken < text.length) return null
  block[0] = written >> 8
  block[1] = written & 255
  return block
}

function withoutWord(text: string, word: string): string {
  const spellings = [
    word,
    encodeURIComponent(word.toWellFormed()),
    JSON.stringify(word).slice(1, -1),
  ]
  return spellings.filter(Boolean).reduce((rest, each) => rest.replaceAll(each, '[redacted]'), text)
}
