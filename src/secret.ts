/** Longer keys are never equal to anything: the padded form is what makes the comparison constant. */
const COMPARED_BYTES = 1024

const encoder = new TextEncoder()

let read: (secret: Secret) => string

/** A credential. It prints as `[secret]` wherever it is logged, serialised or interpolated. */
export class Secret {
  readonly #value: string
  #padded: Uint8Array | null | undefined

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
    this.#padded ??= padded(this.#value)
    const mine = this.#padded
    const theirs = padded(presented)
    return mine !== null && theirs !== null && crypto.subtle.timingSafeEqual(mine, theirs)
  }

  /** `text` with every plain occurrence of this secret replaced by `[redacted]`. */
  redact(text: string): string {
    return this.#value === '' ? text : text.replaceAll(this.#value, '[redacted]')
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

/** The text in a block of fixed size, its length in front; null when it is empty or too long. */
function padded(text: string): Uint8Array | null {
  const block = new Uint8Array(COMPARED_BYTES)
  const { read: taken, written } = encoder.encodeInto(text, block.subarray(2))
  if (text === '' || taken < text.length) return null
  block[0] = written >> 8
  block[1] = written & 255
  return block
}
