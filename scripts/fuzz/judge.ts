import { setTimeout as delay } from 'node:timers/promises'

import { values } from '../../test/socket/wire.ts'
import type { Answer } from '../../test/socket/wire.ts'
import { answerFaults } from './answer-oracle.ts'
import { arrivalFaults, requestFaults } from './arrival-oracle.ts'
import type { Case } from './case.ts'
import { echoesIn } from './echoes.ts'
import { eventFaults } from './event-oracle.ts'
import { ENV } from './fixture.ts'
import { strangeLines } from './noise.ts'
import type { Trial } from './trial.ts'
import type { World } from './world.ts'

/** What the upstream is sent, as bytes. */
const SENT = [
  'BEARER_TOKEN',
  'HEADER_KEY',
  'QUERY_KEY',
  'BASIC_USER',
  'BASIC_PASSWORD',
  'HMAC_KEY',
  'CUSTOM_ID',
  'CUSTOM_SECRET',
].map((name) => Buffer.from(ENV[name] ?? '').toString('latin1'))

/** Who called: a kept answer is for that caller alone. By call. */
const callers = new Map<string, string>()

/** Before any of them is judged: a call may have got what a later one of the list was answered. */
export function remember(trials: readonly Trial[]): void {
  for (const trial of trials) callers.set(trial.id, callerOf(trial))
}

/** What is wrong with one call, console aside. */
export function faultsOf(trial: Trial, forms: readonly string[]): string[] {
  const text = trial.outcome.bytes.toString('latin1')
  return [
    ...answerFaults(trial),
    ...arrivalFaults(trial),
    ...leaks(text, forms).map((form) => `a secret came back: ${form}`),
    ...mixedUp(trial, text),
    ...trial.outcome.answers.flatMap((answer) => echoesIn(answer, SENT)),
  ]
}

/** Idempotent calls with one key: the upstream is asked once, unless nothing came of it. */
export function twinFaults(trials: readonly Trial[]): string[] {
  const byKey = Map.groupBy(trials, ({ call }) => {
    const line = call.headers.find((each) => each.startsWith('Idempotency-Key: t-')) ?? ''
    return (
      line &&
      call.headers.filter((each) => /^(?:X-Outpost-Auth|X-Provider)/.test(each)).join() + line
    )
  })
  return Array.from(byKey).flatMap(([key, calls]) => {
    if (key === '') return []
    const good = calls.flatMap(({ script }) =>
      script.arrivals.flatMap(() => (/ 200 /.test(script.replies[0]?.line ?? '') ? 1 : [])),
    )
    const whole = calls.filter(
      ({ script: { arrivals, replies } }) =>
        arrivals.length > 0 && replies[0]?.end === 'keep' && / 200 /.test(replies[0].line),
    )
    return good.length > 1 && whole.length > 1 ? ['one key, and the upstream did it twice'] : []
  })
}

/** What is wrong with what the console got, of any call. */
export function consoleFaults(printed: string, forms: readonly string[]): string[] {
  return [
    ...strangeLines(printed).map((line) => `the console got: ${line.slice(0, 300)}`),
    ...leaks(printed, forms).map((form) => `a secret on the console: ${form}`),
  ]
}

/** Runs a case alone, and says all that is wrong. */
export async function faultsAlone(world: World, tried: Case): Promise<readonly string[]> {
  world.printed()
  const trials = await world.run(tried)
  remember(trials)
  const faults = trials.flatMap((trial) => faultsOf(trial, world.forms))
  faults.push(...twinFaults(trials))
  // The line of a call comes right after its answer, what workerd has to say sometimes later.
  await delay(30)
  const printed = world.printed()
  faults.push(...consoleFaults(printed, world.forms))
  for (const each of eventFaults(printed, trials).values()) faults.push(...each)
  for (const stray of world.upstream.strays.splice(0)) faults.push(...requestFaults(stray))
  return faults
}

/** One kind of fault: without what differs from call to call. */
export function signature(fault: string): string {
  return fault.replaceAll(/0x[0-9a-f]+|\d+/g, '#').slice(0, 120)
}

/** Forms of secrets that occur in a text of bytes. */
function leaks(text: string, forms: readonly string[]): string[] {
  return forms.filter((form) => text.includes(form))
}

function callerOf({ call }: Trial): string {
  const shown = call.headers.filter((line) =>
    /^(?:x-outpost-auth|authorization|x-api-key|x-forwarded-for):/i.test(line),
  )
  return [call.from, ...shown].join('\n')
}

function isKept(answer: Answer): boolean {
  return ['HIT', 'IDEMPOTENT-HIT'].includes(values(answer, 'x-proxy-cache')[0] ?? '')
}

/** An answer made for another call. */
function mixedUp(trial: Trial, text: string): string[] {
  const marks = new Set(Array.from(text.matchAll(/mark-(f[0-9a-z]{5})/g), ([, id = '']) => id))
  marks.delete(trial.id)
  // Asked for by a call that was over when the upstream heard of it, and kept.
  if (trial.outcome.answers.some((answer) => isKept(answer))) marks.delete('f00000')
  if (marks.size === 0 || !trial.traceable) return []
  const kept = trial.outcome.answers.some((answer) => isKept(answer))
  const shared = trial.call.line.includes('/shared/')
  const own = callerOf(trial)
  const strange = [...marks].filter((id) => !kept || (!shared && callers.get(id) !== own))
  return strange.map(() => 'an answer that was made for another call')
}
