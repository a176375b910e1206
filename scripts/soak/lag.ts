/** Between two looks, ms. */
const EVERY_MS = 100

/** So far back it remembers, ms. */
const REMEMBERED_MS = 60_000

/** How late this process is, and with it the upstream: a machine that has other things to do. */
export class Lag {
  readonly #late: { readonly at: number; readonly ms: number }[] = []
  #last = Date.now()
  readonly #timer: ReturnType<typeof setInterval>
  /** Longest ever, ms. */
  worst = 0

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  /** Longest since that Unix ms, ms. */
  since(from: number): number {
    const all = this.#late.filter(({ at }) => at >= from).map(({ ms }) => ms)
    return Math.max(0, Date.now() - this.#last - EVERY_MS, ...all)
  }

  #look(): void {
    const now = Date.now()
    const ms = Math.max(0, now - this.#last - EVERY_MS)
    this.#last = now
    this.worst = Math.max(this.worst, ms)
    if (ms >= EVERY_MS) this.#late.push({ at: now, ms })
    const [first] = this.#late
    if (first && now - first.at > REMEMBERED_MS) this.#late.shift()
  }
}
