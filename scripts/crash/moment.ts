import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** Of a life, ms. Most are short, so that many begin. */
const SHORTEST_MS = 30
const LONGEST_MS = 5000

/** How long an event is waited for, and how far from it the kill may be, ms. */
const EVENT_WITHIN_MS = 1000
const NEAR_MS = 4

/**
 * What a kill comes right after: nothing at all in half of them, else a call that reached the
 * upstream, an answer that reached its client, or a cooldown that a client was told of.
 */
const AIMS: readonly string[] = [
  'random',
  'admitted',
  'random',
  'forwarded',
  'random',
  'delivered',
  'random',
  'cooled',
]

/** Waits for the moment of the next kill. Returns what it was near to. */
export async function nextMoment(
  number: number,
  moments: EventEmitter,
  aims = AIMS,
): Promise<string> {
  const aim = aims[number % aims.length] ?? 'random'
  await delay(SHORTEST_MS + (LONGEST_MS - SHORTEST_MS) * Math.random() ** 2)
  if (aim === 'random') return aim
  try {
    await once(moments, aim, { signal: AbortSignal.timeout(EVENT_WITHIN_MS) })
  } catch {
    return 'random'
  }
  const wait = Math.random() * NEAR_MS
  if (wait >= 1) await delay(wait)
  return aim
}
