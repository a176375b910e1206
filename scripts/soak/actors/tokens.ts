import { randomUUID } from 'node:crypto'

import type { Arrival } from '../calls.ts'
import { as, isOwn } from '../judge.ts'
import { playOf } from '../plan.ts'
import { STORED_KEY } from '../project.ts'
import { sentinel } from '../sentinels.ts'
import type { World } from '../world.ts'

/** The share of calls whose token the upstream says is not good any more. */
const REJECTED = 0.006

/**
 * Calls may fail for so long after the token endpoint did, or after a process that was minting was
 * killed: the longest pause between two attempts, and the call's own wait, ms.
 */
const MINTING_MS = 55_000

/** A call with a token that lasts some seconds and whose endpoint fails at times. */
export async function minted(world: World): Promise<void> {
  const { agents, random, oauth, calls, lives, evidence } = world
  const by = random.pick([...agents.writers, agents.host])
  const method = random.pick(['GET', 'POST'] as const)
  const good = playOf(random, 'ok')
  const rejects = random.chance(REJECTED)
  const rejection = playOf(random, 'token rejected')
  const answer = ({ header }: Arrival) => {
    const shown = header('authorization')
    if (rejects && expected.arrivals === 1) oauth.reject(shown)
    return oauth.isRejected(shown) ? rejection : good
  }
  const expected = calls.expect('minted', {
    provider: 'minted',
    method,
    tenant: by.tenant,
    each: 2,
    answer,
  })
  const ending = await world.send(expected, by)
  const { how, status, sent, killed } = ending
  const where = `${method} ${expected.path}`
  if (expected.arrivals > 2) evidence.add(`${where}: forwarded ${expected.arrivals} times`)
  if (killed || (how === 'whole' && (status === 200 || status === 401))) return
  if (world.isLate(ending, expected)) return
  // Of this or an earlier process, which has taken the turn of minting with it.
  const trouble = Math.max(oauth.lastFailure, lives.deaths.at(-1) ?? 0)
  const excused = isOwn(ending, 502, 'PROXY_AUTH_ERROR') && sent - trouble < MINTING_MS
  if (!excused) evidence.add(`${where}: ${as(ending)}`)
}

/** The token that an operator writes: the newest is last. */
export class StoredToken {
  readonly #values: string[] = []
  /** Of each, Unix ms at which the operator had the answer to the next one. */
  readonly #replaced: number[] = []

  /** Whether the upstream has to take it: what is wrong with it, or null. */
  wrongWith(authorization: string, { sent }: Arrival): string | null {
    const value = authorization.replace(/^Bearer /, '')
    const at = this.#values.indexOf(value)
    if (at < 0) return 'a stored token that is not one'
    const replaced = this.#replaced[at]
    if (replaced === undefined || replaced > sent) return null
    return `a stored token that was replaced ${sent - replaced} ms before the call`
  }

  write(world: World): Promise<void> {
    return world.alone('stored', () => this.#write(world))
  }

  async #write(world: World): Promise<void> {
    const value = sentinel('stored', randomUUID())
    this.#values.push(value)
    const number = this.#values.length - 1
    const path = `/tokens/${encodeURIComponent(STORED_KEY)}`
    await world.desk.insist('PUT', path, { value })
    if (number > 0) this.#replaced[number - 1] = Date.now()
  }

  /** A call with it. */
  async call(world: World): Promise<void> {
    const { agents, random } = world
    const by = random.pick([...agents.writers, agents.host])
    const method = random.pick(['GET', 'POST'] as const)
    const play = playOf(random, 'ok')
    await world.call(
      world.expect('stored', { provider: 'stored', method, by }, () => play),
      play,
      by,
    )
  }
}
