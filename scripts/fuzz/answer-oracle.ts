import { REFUSALS } from '../../src/refusal.ts'
import type { RefusalCode } from '../../src/refusal.ts'
import { values } from '../../test/socket/wire.ts'
import type { Answer } from '../../test/socket/wire.ts'
import { relayable } from './regular.ts'
import type { Trial } from './trial.ts'

/** Refusals of a call of which the upstream may have seen something. */
const AFTER_SENDING: ReadonlySet<string> = new Set<RefusalCode>([
  'PROXY_UPSTREAM_ERROR',
  'PROXY_UPSTREAM_TIMEOUT',
  'PROXY_UPSTREAM_RATE_LIMITED',
  'PROXY_AUTH_ERROR',
  'PROXY_BODY_TOO_LARGE',
  'PROXY_BAD_REQUEST',
])

/** What workerd says itself, before anything of ours has run; 500 to a CONNECT. */
const BY_RUNTIME = new Set([400, 413, 414, 431, 501])

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/

/** An upstream never speaks as Outpost, and what it says to proxies is not passed on. */
const NEVER_RETURNED = /^(?:proxy-.*|x-outpost-(?!request-id$).*|keep-alive|upgrade|trailer|te)$/

/** What the proxy says of an answer, once. */
const SAID_ONCE = ['x-outpost-request-id', 'x-proxy-error', 'x-proxy-provider', 'x-proxy-cache']

/** A check that failed, in words. */
export type Check = readonly [failed: boolean, fault: string]

/** The words of the checks that failed. */
export function failed(...checks: readonly Check[]): string[] {
  return checks.filter(([is]) => is).map(([, fault]) => fault)
}

/** What is wrong with the answers to a call; nothing, if all is well. */
export function answerFaults(trial: Trial): string[] {
  const { outcome, asked } = trial
  const { answers } = outcome
  const alone = asked?.alone === true
  return [
    ...answers.flatMap((answer) => faultsIn(answer, trial)),
    ...failed(
      [outcome.ended === 'hung', 'hangs: neither an answer nor an end'],
      [isSilent(trial), 'a whole request, and no answer'],
      [alone && answers.length > 1, 'one request, and two answers'],
      [alone && answers.length > 0 && outcome.rest > 0, 'bytes behind the answer'],
    ),
  ]
}

function isSilent({ outcome, asked, parts }: Trial): boolean {
  if (outcome.answers.length > 0 || outcome.ended !== 'closed') return false
  // Who still writes when the answer comes, and the end with it, may lose it: TCP's way.
  const busy = outcome.reset && (parts.length > 1 || (parts[0]?.length ?? 0) > 4000)
  return asked?.complete === true && !busy
}

function faultsIn(answer: Answer, trial: Trial): string[] {
  const [id] = values(answer, 'x-outpost-request-id')
  if (id === undefined) return byRuntime(answer, trial)
  const [code] = values(answer, 'x-proxy-error')
  const [provider] = values(answer, 'x-proxy-provider')
  const names = answer.headers.map(([name]) => name).filter((name) => NEVER_RETURNED.test(name))
  const twice = SAID_ONCE.filter((name) => values(answer, name).length > 1)
  return [
    ...names.map((name) => `the header ${name} came back`),
    ...twice.map((name) => `${name} twice`),
    ...failed(
      [!ULID.test(id), 'no request id'],
      [
        answer.status >= 500 && code === undefined && provider === undefined,
        `status ${answer.status} of our own without a code`,
      ],
    ),
    ...(code === undefined ? [] : refusalFaults(answer, code, trial)),
    ...(code === undefined && provider !== undefined ? relayFaults(answer, trial) : []),
  ]
}

function byRuntime({ status }: Answer, { parts }: Trial): string[] {
  if (BY_RUNTIME.has(status)) return []
  // A CONNECT is refused before a worker could be asked.
  if (status === 500 && /^(?:\r\n)*CONNECT /.test(parts[0] ?? '')) return []
  return [`status ${status} without a request id`]
}

function refusalFaults(answer: Answer, code: string, trial: Trial): string[] {
  if (!Object.hasOwn(REFUSALS, code)) return [`the code ${code}`]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has that name
  const wanted = REFUSALS[code as RefusalCode]
  const { script, traceable } = trial
  const sent = script.arrivals.length + script.minted.length > 0
  const good = script.arrivals.length === 1 && relayable(script.replies[0])
  const taken = script.arrivals[0]?.complete === true
  return [
    ...envelopeFaults(answer, code, trial),
    ...failed(
      [answer.status !== wanted, `${code} with status ${answer.status}`],
      [
        traceable && sent && !AFTER_SENDING.has(code),
        `${code}, and the upstream was sent something`,
      ],
      [
        code === 'PROXY_UPSTREAM_ERROR' && good && taken,
        'a good answer of the upstream is refused',
      ],
    ),
  ]
}

/** Of every refusal but that which passes an upstream's 429 on, with the upstream's own body. */
function envelopeFaults(answer: Answer, code: string, { parts }: Trial): string[] {
  const passedOn = code === 'PROXY_UPSTREAM_RATE_LIMITED' && values(answer, 'x-proxy-provider')[0]
  const isHead = /^(?:\r\n)*HEAD /.test(parts[0] ?? '')
  if (typeof passedOn === 'string' || isHead || !answer.complete) return []
  try {
    const said = JSON.parse(answer.body.toString()) as Readonly<Record<string, unknown>>
    const error = said['error'] as Readonly<Record<string, unknown>>
    const keys = [Object.keys(said).join(), Object.keys(error).join()].join(' ')
    return failed(
      [keys !== 'status,error code,message,metadata', `an envelope of ${keys}`],
      [said['status'] !== 'FAILURE' || error['code'] !== code, 'an envelope that says otherwise'],
      [typeof error['message'] !== 'string', 'an envelope without a message'],
    )
  } catch {
    return ['a refusal without the envelope']
  }
}

/** An answer of the upstream's, by its own word or from a store. */
function relayFaults(answer: Answer, trial: Trial): string[] {
  const { arrivals, replies, fill } = trial.script
  const [cache = ''] = values(answer, 'x-proxy-cache')
  if (!['BYPASS', 'MISS'].includes(cache)) return []
  const [arrival] = arrivals
  const [reply] = replies
  if (!arrival) return failed([trial.traceable, 'an answer to a call that was not sent'])
  if (arrivals.length > 1 || !reply || !relayable(reply)) return []
  const body = arrival.method === 'HEAD' ? '' : fill(reply.body.join(''))
  return failed(
    [!reply.line.includes(` ${answer.status} `), 'another status'],
    [answer.complete && answer.body.toString('latin1') !== body, 'another body'],
    [!answer.complete && trial.outcome.ended !== 'left', 'half a body of a whole one'],
  )
}
