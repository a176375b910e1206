import { randomBytes, createHash } from 'node:crypto'

import type { Expected } from '../calls.ts'
import { LARGEST, playOf, SCRUBS } from '../plan.ts'
import type { Play, PlayName } from '../plays.ts'
import type { Caller, Way, World } from '../world.ts'

/** The share of calls whose client hangs up, and after how long at most, ms. */
const LEAVING = 0.04
const LEAVING_MS = 400

/** Providers without limits whose credential never changes. */
const PLAIN = ['plain', 'plain', 'plain', 'basic']

/** A read with whatever the upstream makes of it. */
export async function read(world: World): Promise<void> {
  const { agents, random } = world
  const by = random.pick([...agents.readers, ...agents.writers, agents.host])
  await once(world, { kind: 'read', method: 'GET', by, play: playOf(random) })
}

/** A sensitive call with whatever the upstream makes of it. */
export async function write(world: World): Promise<void> {
  const { agents, random } = world
  const by = random.pick([...agents.writers, ...agents.writers, agents.host])
  await once(world, { kind: 'write', method: 'POST', by, play: playOf(random) })
}

/** A stream of events; one of three clients leaves it. */
export async function events(world: World): Promise<void> {
  const { agents, random } = world
  const by = random.pick([...agents.readers, agents.host])
  const number = random.between(5, 40)
  const play = playOf(random, 'events', { size: number, pace_ms: random.between(20, 400) })
  const leaves = random.chance(0.33)
  const expected = world.expect('events', { provider: 'plain', method: 'GET', by }, () => play)
  const ending = await world.send(
    expected,
    by,
    leaves ? { patience_ms: random.between(50, 3000) } : {},
  )
  if (ending.how === 'left' || (ending.killed && ending.how !== 'whole')) return
  if (world.isLate(ending, expected)) return
  const ids = Array.from(ending.text.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id))
  const inOrder = ids.length === number && ids.every((id, index) => id === index)
  if (ending.how !== 'whole' || ending.status !== 200 || !inOrder) {
    const got = `${ids.length} of ${number} events`
    world.evidence.add(`${expected.path}: ${ending.how}, ${ending.status}, ${got}`)
  }
}

/** Some hundred kilobytes or megabytes, whose digest the upstream has to know. */
export async function upload(world: World): Promise<void> {
  const { agents, random } = world
  const by = random.pick([...agents.writers, agents.host])
  const body = randomBytes(random.between(1000, LARGEST))
  const leaves = random.chance(0.2)
  const way: Way = {
    body,
    ...((leaves || random.chance(0.5)) && { parts: random.between(2, 40) }),
    ...(leaves && { patience_ms: random.between(2, 60) }),
  }
  const play = playOf(random, 'ok')
  const expected = world.expect('upload', { provider: 'plain', method: 'POST', by }, () => play)
  await world.call(expected, play, by, way)
  const { received } = expected
  if (!received) return
  // Also of a client that left: half a body never looks whole.
  const same = received.digest === createHash('sha256').update(body).digest('hex')
  if (!same) world.evidence.add(`${expected.path}: ${received.bytes} of ${body.length} bytes came`)
}

export async function download(world: World): Promise<void> {
  const { agents, random } = world
  const by = random.pick([...agents.readers, agents.host])
  const play = playOf(random, random.pick<PlayName>(['large', 'large', 'reset in body']), {
    size: random.between(100_000, LARGEST),
  })
  await once(world, { kind: 'download', method: 'GET', by, play })
}

/** Until secrets are looked for in base64, an echo of a pair would show it. */
function providerFor({ name }: Play, random: World['random']): string {
  return name.startsWith('echo') && !SCRUBS ? 'plain' : random.pick(PLAIN)
}

interface Once {
  readonly kind: string
  readonly method: 'GET' | 'POST'
  readonly by: Caller
  readonly play: Play
}

async function once(world: World, { kind, method, by, play }: Once): Promise<Expected> {
  const { random } = world
  const provider = providerFor(play, random)
  const expected = world.expect(kind, { provider, method, by }, () => play)
  const leaving = play.name === 'stalled body' || random.chance(LEAVING)
  const way: Way = {
    ...(leaving && { patience_ms: random.between(1, LEAVING_MS), resets: random.chance(0.5) }),
    ...(method === 'POST' && { body: randomBytes(random.between(0, 3000)) }),
    query: random.chance(0.2) ? `?page=${random.between(1, 9)}` : '',
  }
  await world.call(expected, play, by, way)
  return expected
}
