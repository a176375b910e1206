/** Callers who wait for something to happen: one line for each key. */
export class Waiting {
  readonly #lines = new Map<string, Set<() => void>>()

  /** Settles with the next `wake` of the key, or after so many ms. */
  wait(key: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const line = this.#lines.get(key) ?? new Set()
      const done = (): void => {
        clearTimeout(timer)
        line.delete(done)
        if (line.size === 0 && this.#lines.get(key) === line) this.#lines.delete(key)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#lines.set(key, line.add(done))
    })
  }

  wake(key: string): void {
    for (const done of this.#lines.get(key) ?? []) done()
  }
}
