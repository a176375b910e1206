import { setTimeout as delay } from 'node:timers/promises'

import type { Arrival, Expected } from '../calls.ts'
import type { Ending } from '../client.ts'
import { as, isOwn } from '../judge.ts'
import { playOf, RETRY_AFTERS } from '../plan.ts'
import { CACHE_S } from '../project.ts'
import type { Caller, World } from '../world.ts'

/** Different things that are cached, which all callers ask for again and again. */
const THINGS = 12

/** What a clock may be coarse, ms. */
const COARSE_MS = 5

/** Calls of a story about a cooldown. */
const PROBES = 6

/** More calls than the limit lets through. */
export async function limited(world: World): Promise<void> {
  const { agents, random } = world
  const burst = random.between(1, 6)
  const call = async () => {
    const by = random.pick([...agents.readers, agents.host])
    const play = playOf(random, 'ok', { size: 20 })
    const answer = ({ sent, arrived }: Arrival) => {
      world.passed.push({ sent, arrived })
      return play
    }
    const expected = world.expect('limited', { provider: 'limited', method: 'GET', by }, answer)
    const ending = await world.send(expected, by)
    if (isOwn(ending, 429, 'PROXY_RATE_LIMITED')) {
      if (expected.arrivals > 0) world.evidence.add(`${expected.path}: refused, and forwarded`)
    } else if (ending.status !== 200 && !ending.killed && !world.isLate(ending, expected)) {
      world.evidence.add(`${expected.path}: ${as(ending)}`)
    }
  }
  await Promise.all(Array.from({ length: burst }, call))
}

/** The upstream says 429: until its end nobody goes, whoever asks. All share the category. */
export function throttled(world: World): Promise<void> {
  return world.alone('throttled', () => cooldown(world))
}

async function cooldown(world: World): Promise<void> {
  const { agents, random, lives } = world
  const by = random.pick([...agents.readers, agents.host])
  const { text, s } = random.pick(RETRY_AFTERS)
  const headers: Record<string, string> = text === null ? {} : { 'retry-after': text }
  const play = playOf(random, 'throttle', { headers, size: 30 })
  const what = { provider: 'throttled', method: 'GET', by } as const
  const expected = world.expect('throttle', what, () => play)
  const ending = await world.send(expected, by)
  // The last one's cooldown may go on.
  if (isOwn(ending, 429, 'PROXY_RATE_LIMITED')) return
  world.judge(ending, expected, play)
  if (!isOwn(ending, 429, 'PROXY_UPSTREAM_RATE_LIMITED')) return
  // It began when the answer's headers were there, before the client had it.
  const until = ending.ended + s * 1000 - (ending.ended - ending.sent)
  for (let number = 0; number < PROBES; number += 1) {
    await delay(random.next() * s * 300)
    const answer = ({ arrived }: Arrival) => {
      if (arrived < until && lives.life === ending.life) {
        world.evidence.add(`throttled: forwarded ${until - arrived} ms before the cooldown's end`)
      }
      return playOf(random, 'ok', { size: 20 })
    }
    const other = random.pick([...agents.readers, agents.host])
    await world.send(world.expect('throttled', { ...what, by: other }, answer), other)
  }
}

/** For whom an answer was made. */
const MADE_FOR = /^(?<who>\d+) /

/** Answers that are kept for two seconds: never older, and never another caller's. */
export async function cached(world: World): Promise<void> {
  const { agents, random, calls } = world
  const callers: readonly Caller[] = [...agents.readers, agents.host]
  const who = random.between(0, callers.length - 1)
  const by = callers[who] ?? agents.host
  const key = `cached-${random.between(1, THINGS)}`
  const expected: Expected = calls.shared(key, () =>
    world.expect('cached', { provider: 'cached', method: 'GET', by }, ({ header }) =>
      playOf(random, 'ok', { text: `${header('x-who')} ${expected.arrivals} ${key}` }),
    ),
  )
  const ending = await world.send(expected, by, { headers: { 'x-who': String(who) } })
  if (ending.how === 'whole' && ending.status === 200) lookAtKept(world, expected, ending, who)
  else if (!ending.killed && !world.isLate(ending, expected)) {
    world.evidence.add(`${expected.path}: ${as(ending)}`)
  }
}

function lookAtKept(world: World, { path }: Expected, ending: Ending, who: number): void {
  const { text, headers, sent, ended } = ending
  if (MADE_FOR.exec(text)?.groups?.['who'] !== String(who)) {
    world.evidence.add(`${path}: the kept answer of another caller`)
  }
  // It is kept from when its headers were there: before the first one who asked had all of it.
  if (headers['x-proxy-cache'] === 'MISS') world.firsts.set(text, ended)
  const age = sent - (world.firsts.get(text) ?? sent)
  if (age > CACHE_S * 1000 + COARSE_MS) world.evidence.add(`${path}: kept for ${age} ms`)
}
