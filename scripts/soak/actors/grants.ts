import type { Given } from '../../crash/audit-desk.ts'
import { as, isOwn } from '../judge.ts'
import { playOf } from '../plan.ts'
import { callerOf, everywhere, PAUSED, TENANTS } from '../world.ts'
import type { Caller, World } from '../world.ts'

/** Copies of one call that race for one approval. */
const RACING = 3

/** Clients that use up one quota. */
const CLIENTS = 3

/** Grants that were revoked and are tried again later. */
const REMEMBERED = 40

/** Reads by a copy of a grant may go on for so long: control-plane.md. */
const NOTICED_MS = 60_000

/** A grant with few calls, and more clients than it has calls for. */
export async function quota(world: World): Promise<void> {
  const { desk, random, evidence, lives } = world
  const tenant = random.pick(TENANTS)
  const max_calls = random.between(3, 15)
  const { life } = lives
  const { id, token } = await desk.grant(tenant, { ...everywhere('write'), max_calls })
  const by = { tenant, token }
  let [forwarded, answered, late, left] = [0, 0, 0, true]
  const client = async () => {
    for (let tries = 0; left && tries < 2 * max_calls; tries += 1) {
      const play = playOf(random, 'ok', { size: 50 })
      const method = random.pick(['GET', 'POST'] as const)
      const expected = world.expect('quota', { provider: 'plain', method, by }, () => {
        forwarded += 1
        return play
      })
      const ending = await world.send(expected, by)
      if (ending.status === 200) answered += 1
      else if (isOwn(ending, 403, 'PROXY_GRANT_DENIED')) left = false
      else if (world.isLate(ending, expected)) late += 1
      else if (!ending.killed) evidence.add(`${expected.path}: ${as(ending)}`)
      await world.moment()
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  const said = `${id}: max_calls is ${max_calls}`
  if (forwarded > max_calls) evidence.add(`${said}, and ${forwarded} were forwarded`)
  if (lives.isAlive(life) && answered + late !== max_calls) {
    evidence.add(`${said}, and ${answered} were answered, without a kill`)
  }
}

/** A call that a person approves once, and copies of it that race. */
export async function approval(world: World): Promise<void> {
  const { desk, random, evidence } = world
  const tenant = random.pick(TENANTS)
  const by = callerOf(
    tenant,
    await desk.grant(tenant, { ...everywhere('write'), approval: 'sensitive' }),
  )
  const play = playOf(random, 'ok', { size: 50 })
  const what = { provider: 'plain', method: 'POST', by } as const
  const expected = world.expect('approval', what, () => play)
  const told: string[] = []
  let late = false
  const ask = async () => {
    const ending = await world.send(expected, by)
    told.push(as(ending))
    if (world.isLate(ending, expected)) late = true
    return isOwn(ending, 403, 'PROXY_APPROVAL_REQUIRED') ? approvalIn(ending.text) : null
  }
  const id = await ask()
  if (id === null) return
  if (random.chance(0.25)) {
    await desk.decide(tenant, id, 'deny')
    await world.refused(expected, by, 'PROXY_GRANT_DENIED', 'and an operator has denied it')
    return
  }
  await desk.decide(tenant, id, 'approve')
  const race = async () => {
    await world.moment()
    return ask()
  }
  const { life } = world.lives
  const later = await Promise.all(Array.from({ length: RACING }, race))
  const { arrivals } = expected
  if (arrivals > 1 || (arrivals === 0 && !late && world.lives.isAlive(life))) {
    evidence.add(`${id}: one approval, ${arrivals} calls forwarded: ${told.join('; ')}`)
  }
  for (const other of new Set(later)) {
    if (other !== null && other !== id) await desk.decide(tenant, other, 'deny')
  }
}

/** Grants that were revoked: no life lets them in again. */
export class Revocations {
  readonly #old: { readonly grant: Given; readonly tenant: string; readonly at: number }[] = []
  tried = 0

  /** A grant that is used, rotated at times, and revoked. */
  async story(world: World): Promise<void> {
    const { desk, random } = world
    const tenant = random.pick(TENANTS)
    const grant = await desk.grant(tenant, everywhere('write'))
    await this.#use(world, callerOf(tenant, grant))
    if (random.chance(0.4)) {
      const said = (await desk.insist('POST', `/grants/${grant.id}/rotate`, {})) as {
        token: string
      }
      await this.#use(world, { tenant, token: said.token })
      await this.#out(world, callerOf(tenant, grant), `and ${grant.id} has another token`)
      await desk.revoke(tenant, grant)
      await this.#out(world, { tenant, token: said.token }, `and ${grant.id} was revoked`)
    } else {
      await desk.revoke(tenant, grant)
      await this.#out(world, callerOf(tenant, grant), `and ${grant.id} was revoked`)
    }
    this.#old.push({ grant, tenant, at: Date.now() })
    if (this.#old.length > REMEMBERED) this.#old.splice(random.between(0, REMEMBERED), 1)
  }

  /** One of them is tried again. */
  async again(world: World): Promise<void> {
    if (this.#old.length === 0) return
    const { grant, tenant, at } = world.random.pick(this.#old)
    const method =
      Date.now() - at > NOTICED_MS ? world.random.pick(['GET', 'POST'] as const) : 'POST'
    await this.#out(world, callerOf(tenant, grant), `and ${grant.id} was revoked`, method)
  }

  async #use(world: World, by: Caller): Promise<void> {
    for (const method of ['GET', 'POST'] as const) {
      const play = playOf(world.random, 'ok', { size: 20 })
      await world.call(
        world.expect('using', { provider: 'plain', method, by }, () => play),
        play,
        by,
      )
    }
  }

  async #out(world: World, by: Caller, why: string, method: 'GET' | 'POST' = 'POST') {
    const play = playOf(world.random, 'ok', { size: 20 })
    // Whose token does not hold is a stranger: `revoked` is what lossOf leaves out.
    const expected = world.expect('gone/revoked', { provider: 'plain', method, by }, () => play)
    await world.refused(expected, by, 'PROXY_GRANT_DENIED', why)
    this.tried += 1
  }
}

/** A tenant, or an agent of it, is paused for a moment. */
export function pausing(world: World): Promise<void> {
  return world.alone('pausing', async () => {
    const { desk, random } = world
    const grant = await desk.grant(PAUSED, { ...everywhere('write'), agent: 'paused' })
    const by = callerOf(PAUSED, grant)
    const scope = random.pick([
      { tenant: PAUSED },
      { tenant: PAUSED, agent: 'paused' },
      { agent: 'paused' },
    ])
    const call = () => playOf(random, 'ok', { size: 20 })
    const expect = () => {
      const play = call()
      const what = { provider: 'plain', method: 'POST', by } as const
      return { play, expected: world.expect('pausing', what, () => play) }
    }
    const before = expect()
    await world.call(before.expected, before.play, by)
    await desk.insist('POST', '/pause', scope)
    const meanwhile = expect()
    await world.refused(meanwhile.expected, by, 'PROXY_PAUSED', 'and it was paused')
    await desk.insist('POST', '/resume', scope)
    const after = expect()
    await world.call(after.expected, after.play, by)
    await desk.revoke(PAUSED, grant)
  })
}

function approvalIn(text: string): string | null {
  return /"approval_id":"([^"]+)"/.exec(text)?.[1] ?? null
}
