import { elapsed } from './held.ts'
import type { Side } from './place.ts'
import { accepted, begin, doubt, FROM_THE_BEGINNING } from './rotation.ts'
import type { Beginning, Heard, Live } from './rotation.ts'

/** So long an agent's own experience counts after its last call. */
const KEPT_MS = 60 * 60_000
/** Agents of whom something is known at the same time; the one that called longest ago makes room. */
const MOST_AGENTS = 1000

interface Own {
  readonly live: Live
  readonly used: number
}

/**
 * Which value of a provider's rotated credential calls begin with, in one isolate. An agent may call
 * paths whose answers have nothing to do with the credential, so each goes by its own calls. What all
 * share is where an agent begins of whom nothing is known, and that changes with a proof, or with the
 * trial of the current value when it is time.
 */
export class Rotation {
  #shared = FROM_THE_BEGINNING
  readonly #own = new Map<string, Own>()

  begin(agent: string, now: number, repeatable: boolean): Beginning {
    const before = this.#liveOf(agent, now)
    const { beginning, live } = begin(before, now, repeatable)
    if (live !== before) this.#keep(agent, live, now)
    return beginning
  }

  accepted(agent: string, side: Side, heard: Heard): void {
    const { began, now } = heard
    this.#keep(agent, accepted(this.#liveOf(agent, now), side, heard), now)
    const proved = side !== began.side
    if (proved || (began.trial && began.repeatable)) {
      this.#shared = accepted(this.#shared, side, heard)
    }
  }

  doubted(agent: string, side: Side, heard: Heard): void {
    this.#keep(agent, doubt(this.#liveOf(agent, heard.now), side, heard), heard.now)
  }

  /**
   * For the operator, who takes the old key back when nobody needs it: as long as the previous value is
   * live for one agent, it is.
   */
  standing(now: number): Pick<Live, 'side' | 'since'> {
    this.#forget(now)
    const all = [this.#shared, ...Array.from(this.#own.values(), ({ live }) => live)]
    const side = all.some((live) => live.side === 'previous') ? 'previous' : 'current'
    const times = all.filter((live) => live.side === side).map(({ since }) => since ?? -Infinity)
    const since = Math.max(...times)
    return { side, since: since === -Infinity ? null : since }
  }

  #liveOf(agent: string, now: number): Live {
    const own = this.#own.get(agent)
    if (own && elapsed(own.used, now) <= KEPT_MS) return own.live
    const { side, since, tried } = this.#shared
    return { ...FROM_THE_BEGINNING, side, since, tried }
  }

  #keep(agent: string, live: Live, now: number): void {
    this.#own.delete(agent)
    this.#own.set(agent, { live, used: now })
    const [oldest] = this.#own.keys()
    if (this.#own.size > MOST_AGENTS && oldest !== undefined) this.#own.delete(oldest)
  }

  #forget(now: number): void {
    for (const [agent, { used }] of this.#own) {
      if (elapsed(used, now) > KEPT_MS) this.#own.delete(agent)
    }
  }
}
