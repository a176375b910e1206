import { randomBytes } from 'node:crypto'

import { as, isOwn } from '../judge.ts'
import { playOf } from '../plan.ts'
import type { Caller, World } from '../world.ts'

interface Wrong {
  readonly status: number
  readonly code: string
  readonly method?: string
  /** In place of the provider `plain`; null: none is named. */
  readonly provider?: string | null
  /** Put before the path of a call, or after it. */
  readonly before?: string
  readonly after?: string
  readonly by?: 'reader' | 'nobody' | 'wrong key' | 'wrong token'
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls that may not go, each with what it is told: contract §4 to §7, control-plane.md §2. */
const WRONG: readonly Wrong[] = [
  { status: 400, code: 'PROXY_UNKNOWN_PROVIDER', provider: 'nobody' },
  { status: 400, code: 'PROXY_UNKNOWN_PROVIDER', provider: 'constructor' },
  { status: 400, code: 'PROXY_UNKNOWN_PROVIDER', provider: null },
  { status: 400, code: 'PROXY_AMBIGUOUS_PROVIDER', headers: { 'x-broker': 'basic' } },
  { status: 400, code: 'PROXY_BAD_PATH', before: '/a/..' },
  { status: 400, code: 'PROXY_BAD_PATH', before: '/%2e%2e' },
  { status: 400, code: 'PROXY_BAD_PATH', before: '/a%2fb' },
  { status: 400, code: 'PROXY_BAD_PATH', after: '%00' },
  { status: 400, code: 'PROXY_BAD_REQUEST', after: '?_method=DELETE' },
  { status: 403, code: 'PROXY_PATH_DENIED', before: '/denied' },
  { status: 403, code: 'PROXY_PATH_DENIED', before: '/DENIED' },
  { status: 403, code: 'PROXY_PATH_DENIED', before: '//denied' },
  { status: 405, code: 'PROXY_METHOD_DENIED', method: 'TRACE' },
  { status: 401, code: 'PROXY_AUTH_REQUIRED', by: 'nobody' },
  { status: 401, code: 'PROXY_AUTH_REQUIRED', by: 'wrong key' },
  { status: 401, code: 'PROXY_AUTH_REQUIRED', by: 'wrong token' },
  { status: 403, code: 'PROXY_GRANT_DENIED', by: 'reader', method: 'POST' },
  { status: 403, code: 'PROXY_GRANT_DENIED', by: 'reader', method: 'DELETE' },
  {
    status: 403,
    code: 'PROXY_WRONG_CLIENT',
    by: 'reader',
    headers: { 'x-outpost-tenant': 'cyan' },
  },
  {
    status: 400,
    code: 'PROXY_BAD_REQUEST',
    method: 'POST',
    headers: { 'idempotency-key': 'k'.repeat(256) },
  },
]

/** A call that may not go: told why, and never forwarded. */
export async function refused(world: World): Promise<void> {
  const { random, client, evidence } = world
  const wrong = random.pick(WRONG)
  const by = callerOf(wrong, world)
  const play = playOf(random, 'ok', { size: 10 })
  const what = { provider: 'plain', method: 'GET', by } as const
  const expected = world.expect('refused', what, () => play)
  expected.forbidden = `and it is one for ${wrong.code}`
  const { method = 'GET', provider = 'plain', before = '', after = '', status, code } = wrong
  expected.calls += 1
  const ending = await client.send({
    method,
    path: `${before}${expected.path}${after}`,
    headers: { ...namedBy(provider), ...keyOf(by), ...wrong.headers },
  })
  if ((ending.killed && ending.how !== 'whole') || isOwn(ending, status, code)) return
  evidence.add(`${method} ${before}${expected.path}${after}: ${as(ending)}, and not ${code}`)
}

function namedBy(provider: string | null): Readonly<Record<string, string>> {
  return provider === null ? {} : { 'x-provider': provider }
}

function keyOf({ token }: Caller): Readonly<Record<string, string>> {
  return token === '' ? {} : { 'x-outpost-auth': token }
}

function callerOf({ by }: Wrong, { agents, random }: World): Caller {
  const { host, readers } = agents
  if (by === 'reader') return random.pick(readers)
  if (by === 'nobody') return { ...host, token: '' }
  if (by === 'wrong key') return { ...host, token: `not-${randomBytes(8).toString('hex')}` }
  return by === 'wrong token' ? { ...host, token: `op_${strange(random)}` } : host
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What a token looks like, and nobody has. */
function strange(random: World['random']): string {
  return Array.from({ length: 43 }, () => DIGITS[random.between(0, DIGITS.length - 1)]).join('')
}
