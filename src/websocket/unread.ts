/** A side that is heard from is believed to have read so much a second since it was heard last. */
const BELIEVED_BYTES_PER_MS = 4 * 1024

/** What the runtime keeps for a message beside its bytes: an empty one costs 50. */
const OVERHEAD_BYTES = 64

/**
 * How much of what was sent to a side it may not have read yet. The runtime takes every message at
 * once and says nothing of what has left, so this is the worst case: everything, until the side says
 * something itself.
 */
export class Unread {
  #bytes = 0
  #heard: number

  constructor(now: number) {
    this.#heard = now
  }

  sent(bytes: number): number {
    this.#bytes += bytes + OVERHEAD_BYTES
    return this.#bytes
  }

  heard(now: number): void {
    const read = Math.max(0, now - this.#heard) * BELIEVED_BYTES_PER_MS
    this.#bytes = Math.max(0, this.#bytes - read)
    this.#heard = now
  }
}
