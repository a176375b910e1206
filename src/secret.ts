/** Longer keys are never equal to anything: the padded form is what makes the comparison constant. */
const COMPARED_BYTES = 1024

const encoder = new TextEncoder()

/** Where what was presented is put to be compared; nothing is awaited in between. */
const scratch = new Uint8Array(COMPARED_BYTES)

let read: (secret: Secret) => string

/** A credential. It prints as `[secret]` wherever it is logged, serialised or interpolated. */
export class Secret {
  readonly #value: string
  #padded: Uint8Array | null | undefined
  #spellings: readonly string[] | undefined

  static {
    read = (secret) => secret.#value
  }

  /** Line breaks at the end are not part of it: editors add one, `wrangler secret put < file` keeps it. */
  constructor(value: string) {
    this.#value = value.replace(/[\r\n]+$/, '')
  }

  /**
   * Whether `presented` is this secret. The time depends on `presented` alone: neither on where
   * the two first differ nor on how long the secret is. Empty secrets, and those of more than
   * 1022 bytes, equal nothing.
   */
  equals(presented: string): boolean {
    this.#padded ??= padded(this.#value, new Uint8Array(COMPARED_BYTES))
    const mine = this.#padded
    const theirs = padded(presented, scratch.fill(0))
    return mine !== null && theirs !== null && crypto.subtle.timingSafeEqual(mine, theirs)
  }

  /**
   * `text` with every occurrence of this secret replaced by `[redacted]`: as it is, as a URL has it,
   * as a JSON string has it.
   */
  redact(text: string): string {
    this.#spellings ??= spellingsOf(this.#value)
    return this.#spellings.reduce((rest, each) => rest.replaceAll(each, '[redacted]'), text)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}

/** Opens a secret. Only `src/auth` and `src/plugins` may import this; the linter holds them to it. */
export function reveal(secret: Secret): string {
  return read(secret)
}

/** The text put into an empty block, its length in front; null when it is empty or too long. */
function padded(text: string, block: Uint8Array): Uint8Array | null {
  const { read: taken, written } = encoder.encodeInto(text, block.subarray(2))
  if (text === '' || taken < text.length) return null
  block[0] = written >> 8
  block[1] = written & 255
  return block
}

function spellingsOf(value: string): readonly string[] {
  const encoded = encodeURIComponent(value.toWellFormed())
  const spellings = [
    value,
    encoded,
    encoded.replaceAll("'", '%27'),
    JSON.stringify(value).slice(1, -1),
  ]
  return [...new Set(spellings)].filter(Boolean)
}
