import { values } from '../../test/socket/wire.ts'
import type { Kind } from './case.ts'
import type { Trial } from './trial.ts'

/** How the calls of each class ended: a class in which nothing is forwarded tests nothing. */
export class Tally {
  readonly #endings = new Map<Kind, Map<string, number>>()
  readonly #cases = new Map<Kind, number>()
  readonly memory: number[] = []

  add(kind: Kind, trials: readonly Trial[]): void {
    this.#cases.set(kind, (this.#cases.get(kind) ?? 0) + 1)
    const endings = this.#endings.get(kind) ?? new Map<string, number>()
    this.#endings.set(kind, endings)
    for (const trial of trials) {
      const ending = endingOf(trial)
      endings.set(ending, (endings.get(ending) ?? 0) + 1)
    }
  }

  get cases(): number {
    return sum(this.#cases.values())
  }

  get calls(): number {
    return sum(Array.from(this.#endings.values(), total))
  }

  /** A line for each class. */
  report(): string {
    return Array.from(this.#endings, ([kind, endings]) => {
      const all = Array.from(endings).toSorted(([, one], [, other]) => other - one)
      const said = all.map(([ending, count]) => `${ending} ${count}`).join(', ')
      return `${kind}: ${this.#cases.get(kind) ?? 0} cases, ${total(endings)} calls: ${said}`
    }).join('\n')
  }
}

function total(endings: ReadonlyMap<string, number>): number {
  return sum(endings.values())
}

function sum(counts: Iterable<number>): number {
  return Array.from(counts).reduce((all, count) => all + count, 0)
}

function endingOf({ outcome: { answers, ended } }: Trial): string {
  const [answer] = answers
  if (!answer) return ended === 'left' ? 'left early' : `no answer, ${ended}`
  const [code] = values(answer, 'x-proxy-error')
  if (code !== undefined) return code
  const [cache] = values(answer, 'x-proxy-cache')
  if (cache !== undefined) return `relayed ${cache}${answer.complete ? '' : ', broken off'}`
  const isOurs = values(answer, 'x-outpost-request-id').length > 0
  return `${isOurs ? 'control' : 'workerd'} ${answer.status}`
}
