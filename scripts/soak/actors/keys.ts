import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import type { Expected } from '../calls.ts'
import type { Ending } from '../client.ts'
import { as, digestOf, isOwn } from '../judge.ts'
import { playOf } from '../plan.ts'
import type { Play, PlayName } from '../plays.ts'
import type { Caller, World } from '../world.ts'

/** Clients that use one key at once. */
const RACING = 3

/** So often a client asks again. */
const TRIES = 12

/**
 * So long after the answer it is on disk, unless the process was killed before: the copy of it, and
 * at most one second of waiting for the end of the request's body (src/idempotency.ts).
 */
const RECORDED_MS = 1500

/** Old keys that are asked for again. */
const REMEMBERED = 60

/** After these the key is free again: docs/idempotency-and-cache.md. */
const FREEING: readonly PlayName[] = ['server error', 'reset at once', 'end at once']

/** One key, and what became of it. */
interface Story {
  readonly key: string
  readonly by: Caller
  readonly body: Buffer
  readonly expected: Expected
  /** Of each arrival. */
  readonly plays: Play[]
  /** Somebody was told the answer that is kept: when, and in which life. */
  told: { readonly at: number; readonly life: number } | null
  replayed: boolean
  /** Answers that were no replays. */
  firsts: number
  /** Calls that timed out: each of them has freed the key. */
  late: number
}

/** Writes with an `Idempotency-Key`, by several clients at once, and again in later lives. */
export class Keys {
  readonly #old: Story[] = []
  keys = 0
  replays = 0

  async story(world: World): Promise<void> {
    const story = this.#begin(world)
    const client = async () => {
      await world.moment()
      for (let tries = 0; tries < TRIES; tries += 1) {
        const ending = await this.#ask(world, story)
        if (ending.how === 'whole' && ending.status === 200) return
        await delay(50 + world.random.next() * 150)
      }
    }
    await Promise.all(Array.from({ length: RACING }, client))
    this.#isOnce(world, story)
    if (story.told && world.random.chance(0.3)) await this.#mismatch(world, story)
    this.#old.push(story)
    if (this.#old.length > REMEMBERED) this.#old.splice(world.random.between(0, REMEMBERED), 1)
  }

  /** One of the keys is used again, in whatever life it is. */
  async again(world: World): Promise<void> {
    if (this.#old.length === 0) return
    const story = world.random.pick(this.#old)
    await this.#ask(world, story)
    this.#isOnce(world, story)
  }

  #begin(world: World): Story {
    const { agents, random } = world
    this.keys += 1
    const by = random.pick([...agents.writers, agents.host])
    const failures = random.chance(0.3) ? random.between(1, 2) : 0
    const plays: Play[] = []
    const answer = () => {
      const name = plays.length < failures ? random.pick(FREEING) : 'ok'
      // Of a later arrival than the one that is kept, which there may not be, the body is another.
      const play = playOf(random, random.chance(0.2) && name === 'ok' ? 'slow head' : name)
      plays.push(play)
      return play
    }
    const expected = world.expect('keyed', { provider: 'plain', method: 'POST', by }, answer)
    const key = `key-${randomUUID()}`
    const body = Buffer.from(`the body of ${key}`)
    return { key, by, body, expected, plays, told: null, replayed: false, firsts: 0, late: 0 }
  }

  async #ask(world: World, story: Story): Promise<Ending> {
    const { expected, by, key, body } = story
    const { path } = expected
    const due = this.#mustBeKept(world, story)
    const ending = await world.send(expected, by, { headers: { 'idempotency-key': key }, body })
    const { how, status, headers } = ending
    if (how === 'whole' && status === 200) this.#answered(world, story, ending)
    else if (isOwn(ending, 409, 'PROXY_IDEMPOTENCY_IN_FLIGHT')) {
      if (due) world.evidence.add(`${path}: an answer that was given and recorded is gone`)
    } else if (world.isLate(ending, expected)) story.late += 1
    else if (!ending.killed && headers['x-arrival'] === undefined && !isOwn(ending, 502)) {
      world.evidence.add(`${path}: ${as(ending)}`)
    }
    return ending
  }

  #answered(world: World, story: Story, { headers, digest, ended, life }: Ending): void {
    const { path } = story.expected
    const replayed = headers['x-proxy-cache'] === 'IDEMPOTENT-HIT'
    if (replayed) {
      story.replayed = true
      this.replays += 1
    } else story.firsts += 1
    if (story.firsts > 1 + story.late) world.evidence.add(`${path}: answered twice`)
    story.told ??= { at: ended, life }
    const kept = keptOf(story).slice(0, 1 + story.late)
    if (!kept.some((each) => digest === digestOf(each, world.block))) {
      world.evidence.add(`${path}: not the answer of the first call`)
    }
  }

  #isOnce(world: World, story: Story): void {
    const times = keptOf(story).length
    if (times <= 1 + story.late) return
    world.evidence.add(`${story.expected.path}: forwarded ${times} times with the same key`)
  }

  /** Whether the answer was given to somebody, and had the time to be recorded. */
  #mustBeKept({ lives }: World, { told, replayed }: Story): boolean {
    if (replayed) return true
    if (!told) return false
    const end = told.life === lives.life ? Date.now() : (lives.deaths[told.life] ?? 0)
    return end - told.at > RECORDED_MS
  }

  async #mismatch(world: World, story: Story): Promise<void> {
    await delay(RECORDED_MS)
    if (!story.replayed && !this.#mustBeKept(world, story)) return
    const headers = { 'idempotency-key': story.key }
    const body = Buffer.from('another body')
    const ending = await world.send(story.expected, story.by, { headers, body })
    if (isOwn(ending, 422, 'PROXY_IDEMPOTENCY_MISMATCH') || ending.killed) return
    world.evidence.add(`${story.expected.path}, with another body: ${as(ending)}`)
  }
}

/** Those of its forwarded calls whose answer is to be kept: one. */
function keptOf({ plays }: Story): Play[] {
  return plays.filter(({ name }) => !FREEING.includes(name))
}
