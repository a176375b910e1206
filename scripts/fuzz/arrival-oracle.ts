import { failed } from './answer-oracle.ts'
import { sentAs } from './expected.ts'
import { ENV } from './fixture.ts'
import { PROVIDERS } from './providers.ts'
import type { Written } from './regular.ts'
import type { Arrival } from './request-reader.ts'
import { valuesOf } from './request-reader.ts'
import type { Trial } from './trial.ts'

/** Contract §6: what an upstream never sees, however it is spelled. */
const NEVER_SENT =
  /^(?:x-provider|x-broker|x-outpost-.*|proxy-.*|forwarded|x-forwarded-.*|x-real-ip|true-client-ip|cf-.*|via|x-http-method(?:-override)?|x-method-override|x-original-url|x-rewrite-url|te|trailer|upgrade|keep-alive|connection|expect)$/

/** What only agents and operators have. */
const OURS = [ENV['AGENT_KEY'], ENV['OUTPOST_ADMIN_TOKEN'], ENV['OUTPOST_VIEWER_TOKEN']]
const GRANT_TOKEN = /op_[0-9A-Za-z]{43}/

/** What is wrong with what the upstream received of a call; nothing, if all is well. */
export function arrivalFaults(trial: Trial): string[] {
  const { arrivals, minted } = trial.script
  const { asked } = trial
  const faults = [...arrivals, ...minted].flatMap((each) => requestFaults(each))
  for (const each of arrivals) faults.push(...credentialFaults(each))
  const { edits, from } = trial.call
  if (edits.length === 0) faults.push(...arrivals.flatMap((each) => keyFaults(each, from)))
  if (asked?.alone) faults.push(...arrivals.flatMap((each) => sameFaults(each, asked, trial)))
  // A rejected token is tried once more.
  const most = trial.script.lane === null ? 1 : 2
  if (asked?.alone && arrivals.length > most) faults.push(`${arrivals.length} calls for one`)
  return faults
}

/** What holds for any request that the upstream got, whosever it was. */
export function requestFaults({ fault, headers }: Arrival): string[] {
  const names = headers.map(([name]) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-'))
  return [
    ...(fault === null ? [] : [`the upstream was sent ${fault}`]),
    ...names.filter((name) => NEVER_SENT.test(name)).map((name) => `the header ${name} was sent`),
  ]
}

function credentialFaults(arrival: Arrival): string[] {
  const [, name = ''] = /^\/b\/(\w+)/.exec(arrival.target) ?? []
  const injected = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name]?.injected : undefined
  return Object.entries(injected ?? {}).flatMap(([header, value]) => {
    const like = arrival.headers.filter(
      ([each]) => each.toLowerCase().replaceAll(/[^a-z0-9]/g, '-') === header,
    )
    const sent = valuesOf(arrival, header)
    const right = like.length === 1 && sent.length === 1
    return right && sent[0] === value ? [] : [`${header} is not the credential and nothing else`]
  })
}

function keyFaults({ target, headers }: Arrival, from: string): string[] {
  const text = `${target}\n${headers.map((each) => each.join(': ')).join('\n')}`
  // The pre-shared key is a key at the address that wants it, and nobody's anywhere else.
  const ours = from === '127.0.0.1' ? OURS : OURS.slice(1)
  const found = ours.some((key) => key !== undefined && text.includes(key))
  return found || GRANT_TOKEN.test(text)
    ? ["the upstream was sent an agent's or operator's key"]
    : []
}

/** The very path, query, method and body that were sent. */
function sameFaults(arrival: Arrival, asked: Written, { call }: Trial): string[] {
  // The runtime ends what is left of a chunked upload when an early answer ends: docs/fuzzing.md, Known.
  const cutOff =
    call.replies.some(({ early }) => early) && valuesOf(asked, 'content-length').length === 0
  const whole = arrival.complete && !cutOff
  return failed(
    [arrival.method !== asked.method, 'another method'],
    [!isSameTarget(arrival.target, asked.target, call.line), 'another path or query'],
    [whole && !asked.complete, 'half a body looks whole'],
    [whole && asked.complete && !arrival.body.equals(asked.body), 'another body was sent'],
  )
}

function isSameTarget(received: string, sent: string, line: string): boolean {
  const [, base = '', rest = ''] = /^(\/b\/\w+)(.*)$/s.exec(received) ?? []
  const whole = sentAs(sent)
  const below = whole.replace(/^\/p\/[^/?]*(?=[/?]|$)/, '')
  const candidates = [whole, below === '' || below.startsWith('?') ? `/${below}` : below]
  // A parameter may be a credential, the provider's or the agent's own.
  const free = /^\/b\/(?:keyquery|hmac|hmacbody)$/.test(base) || /\?.*\{\{/s.test(line)
  const cut = (text: string): string => (free ? (text.split('?', 1)[0] ?? '') : text)
  return candidates.some((each) => cut(each) === cut(rest))
}
