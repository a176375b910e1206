import type { Call } from './case.ts'
import { LANES } from './providers.ts'

/** A provider that mints, for one call at a time. */
export interface Lane {
  readonly kind: string
  readonly name: string
  readonly leave: () => void
}

/** Which of the providers that mint are free. One after the other: a token is kept for a while. */
export class Lanes {
  #free = fresh()
  readonly #waiting = new Map<string, (() => void)[]>()

  /** For a new life of the worker. Nobody may be in a lane. */
  reset(): void {
    this.#free = fresh()
  }

  /** The lane that a call asks for by `{{lane:KIND}}`, once there is one; null: it wants none. */
  async enter({ line, headers }: Call): Promise<Lane | null> {
    const [, kind] = /\{\{lane:(\w+)\}\}/.exec([line, ...headers].join('\n')) ?? []
    const free = kind === undefined ? undefined : this.#free.get(kind)
    if (kind === undefined || !free) return null
    while (free.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- until one is free
      await new Promise<void>((go) => {
        this.#waiting.set(kind, [...(this.#waiting.get(kind) ?? []), go])
      })
    }
    const name = free.shift() ?? ''
    const leave = () => {
      free.push(name)
      this.#waiting.get(kind)?.shift()?.()
    }
    return { kind, name, leave }
  }
}

function fresh(): ReadonlyMap<string, string[]> {
  return new Map(
    Object.entries(LANES).map(([kind, count]) => [
      kind,
      Array.from({ length: count }, (_, n) => `${kind}${n}`),
    ]),
  )
}
