/** Calls that wait in one isolate, and the bytes of their bodies. More are told to come back. */
const MOST = 100
const MOST_BYTES = 16 * 1024 * 1024

/** Room for the calls of one isolate that wait for a person: each holds its body in memory. */
export class HoldRoom {
  readonly #held = new Set<string>()
  #bytes = 0

  /**
   * Lets a call wait for the approval of that id. null: there is no room, or a copy of the call waits
   * for it already. What is returned ends the wait, and must be called.
   */
  enter(id: string, bytes: number): (() => void) | null {
    const full = this.#held.size >= MOST || this.#bytes + bytes > MOST_BYTES
    if (full || this.#held.has(id)) return null
    this.#held.add(id)
    this.#bytes += bytes
    return () => {
      if (this.#held.delete(id)) this.#bytes -= bytes
    }
  }
}
