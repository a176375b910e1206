import { beforeAll, describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import type { Received } from '../received.ts'
import { anAgent, appearance, outcome } from './agents.ts'
import type { Agent } from './agents.ts'
import { call, FROM, only, values } from './call.ts'
import type { Asking } from './call.ts'

const STRANGE = `op_${'S'.repeat(43)}`
const basic = (pair: string) => `Basic ${btoa(pair)}`
/** From where no host entry would let anybody in without a key. */
const WITH_TOKEN = { cidrs: ['198.51.100.0/24', '192.0.2.0/24'] }

let all: Agent
let other: Agent

beforeAll(async () => {
  const providers = ['plain', 'bearer', 'keyheader', 'keyquery', 'basic']
  all = await anAgent(WITH_TOKEN, ...providers)
  other = await anAgent(WITH_TOKEN, ...providers)
})

/** Everything that went upstream, as one text. */
function wire(seen: readonly Received[]): string {
  return seen.map((each) => JSON.stringify(each)).join('\n')
}

/** A slot of contract §5 with a token in it. */
type Slot = (token: string) => [path: string, headers: Record<string, string>]

const SLOTS: readonly [string, string, Slot][] = [
  ['X-Outpost-Auth', 'plain', (token) => ['/echo', { 'x-outpost-auth': token }]],
  ['Bearer', 'plain', (token) => ['/echo', { authorization: `Bearer ${token}` }]],
  [
    'Bearer, where the key goes',
    'bearer',
    (token) => ['/echo', { authorization: `Bearer ${token}` }],
  ],
  ['token', 'bearer', (token) => ['/echo', { authorization: `token ${token}` }]],
  ['Basic user', 'plain', (token) => ['/echo', { authorization: basic(`${token}:`) }]],
  [
    'Basic user, with a word',
    'basic',
    (token) => ['/echo', { authorization: basic(`${token}:x-oauth-basic`) }],
  ],
  [
    'Basic password, as git',
    'basic',
    (token) => ['/echo', { authorization: basic(`x-access-token:${token}`) }],
  ],
  ['the own header', 'keyheader', (token) => ['/echo', { 'x-api-key': token }]],
  ['the own parameter', 'keyquery', (token) => [`/echo?a=1&api_key=${token}&b=2`, {}]],
  [
    'the own parameter, spelt otherwise',
    'keyquery',
    (token) => [`/echo?api%5Fkey=${token.replace('_', '%5F')}`, {}],
  ],
]

describe.each(SLOTS)('a token in %s (%s)', (_title, provider, slot) => {
  const asked = (token: string, more: Asking & { headers?: Record<string, string> } = {}) => {
    const [path, headers] = slot(token)
    const asking = { from: FROM.keyed, provider, ...more }
    return call(path, { ...asking, headers: { ...headers, ...more.headers } })
  }

  it('lets its agent in, and stays here', async () => {
    const answer = await asked(all.token)
    expect(answer.status).toBe(200)
    expect(wire([only(answer)])).not.toMatch(/op_|op%5F|x-outpost|x-access-token|x-oauth-basic/i)
    expect(wire(answer.seen)).not.toContain(btoa(all.token).slice(0, 40))
  })

  it('lets nobody in when nobody was given it', async () => {
    const answer = await asked(STRANGE)
    expect([outcome(answer), answer.seen]).toEqual(['PROXY_AUTH_REQUIRED', []])
  })

  it('may come twice when it is the same', async () => {
    const answer = await asked(all.token, { headers: { 'private-token': all.token } })
    expect(answer.status).toBe(200)
    expect(wire(answer.seen)).not.toContain(all.token)
  })

  it('beside another one is refused, whoever is there', async () => {
    if (Object.hasOwn(slot('')[1], 'x-outpost-auth')) return
    for (const [one, two] of [
      [all.token, other.token],
      [STRANGE, all.token],
    ] as const) {
      const answer = await asked(one, { headers: { 'x-outpost-auth': two } })
      expect([outcome(answer), answer.seen]).toEqual(['PROXY_AMBIGUOUS_CREDENTIAL', []])
    }
  })

  it('counts for nothing beside a wrong X-Outpost-Auth, which decides alone', async () => {
    if (Object.hasOwn(slot('')[1], 'x-outpost-auth')) return
    for (const dummy of ['', 'dummy', `${all.token}x`, ` ${STRANGE}`]) {
      const answer = await asked(all.token, { headers: { 'x-outpost-auth': dummy } })
      expect([dummy, outcome(answer), answer.seen]).toEqual([dummy, 'PROXY_AUTH_REQUIRED', []])
    }
  })

  it('goes nowhere when the host key in X-Outpost-Auth decides', async () => {
    const answer = await asked(all.token, { headers: { 'x-outpost-auth': SECRETS.AGENT_KEY } })
    expect(answer.status).toBe(200)
    expect(wire(answer.seen)).not.toContain(all.token)
  })
})

describe('a stranger with two tokens', () => {
  it.each([FROM.keyed, FROM.stranger])('from %s learns what one with none learns', async (from) => {
    const asked = (headers: Record<string, string>, provider = 'bearer') =>
      call('/echo', { from, provider, headers })
    const two = {
      'x-outpost-auth': STRANGE,
      authorization: `Bearer op_${'T'.repeat(43)}`,
    }
    const none = appearance(await asked({}))
    expect(none).toMatch(/PROXY_(?:AUTH_REQUIRED|HOST_DENIED)/)
    for (const provider of ['bearer', 'bearer_acme', 'nothing', 'keyheader']) {
      expect(appearance(await asked(two, provider))).toBe(none)
      expect(appearance(await asked({ authorization: `Bearer ${STRANGE}` }, provider))).toBe(none)
    }
  })

  it('who has a stolen one learns nothing from where it may not be used', async () => {
    const asked = (headers: Record<string, string>) =>
      call('/echo', { from: FROM.stranger, provider: 'plain', headers })
    const none = appearance(await asked({}))
    const two = { 'x-outpost-auth': all.token, authorization: `Bearer ${other.token}` }
    for (const headers of [two, { 'x-outpost-auth': all.token }]) {
      expect(appearance(await asked(headers))).toBe(none)
    }
  })
})

describe('a grant for one provider', () => {
  const asked = (path: string, headers: Record<string, string>, env = {}) =>
    call(path, { headers, env, from: FROM.keyed })

  it.each<[string, string, (token: string) => Record<string, string>]>([
    ['bearer', 'Bearer', (token) => ({ authorization: `Bearer ${token}` })],
    ['keyheader', 'X-Api-Key', (token) => ({ 'x-api-key': token })],
    ['basic', 'Basic', (token) => ({ authorization: basic(`git:${token}`) })],
    ['keyquery', 'X-Outpost-Auth', (token) => ({ 'x-outpost-auth': token })],
  ])('means %s by %s when nothing else names one', async (provider, _slot, headers) => {
    const agent = await anAgent(WITH_TOKEN, provider)
    for (const env of [{}, { DEFAULT_PROVIDER: 'plain' }, { DEFAULT_PROVIDER: 'nowhere' }]) {
      const answer = await asked('/echo?x=1', headers(agent.token), env)
      expect([answer.status, answer.headers.get('x-proxy-provider')]).toEqual([200, provider])
      expect(wire([only(answer)])).not.toContain(agent.token)
    }
  })

  it('says nothing where the request does', async () => {
    const { token } = await anAgent(WITH_TOKEN, 'bearer')
    const headers = { 'x-outpost-auth': token }
    expect(outcome(await asked('/p/plain/echo', headers))).toBe('PROXY_GRANT_DENIED')
    expect(outcome(await asked('/echo', { ...headers, 'x-provider': 'plain' }))).toBe(
      'PROXY_GRANT_DENIED',
    )
  })

  it('for two leaves it to DEFAULT_PROVIDER, or to nobody', async () => {
    const headers = { authorization: `Bearer ${all.token}` }
    const named = await asked('/echo', headers, { DEFAULT_PROVIDER: 'bearer' })
    expect(named.headers.get('x-proxy-provider')).toBe('bearer')
    expect(outcome(await asked('/echo', headers))).toBe('PROXY_UNKNOWN_PROVIDER')
  })

  it('is enough for git: a remote with the token in its URL', async () => {
    const { token } = await anAgent(WITH_TOKEN, 'basic')
    const headers = {
      authorization: basic(`x-access-token:${token}`),
      'git-protocol': 'version=2',
      'user-agent': 'git/2.51.0',
    }
    const answer = await asked('/echo/acme/site.git/info/refs?service=git-upload-pack', headers)
    const received = only(answer)
    expect(received.target).toBe('/base/echo/acme/site.git/info/refs?service=git-upload-pack')
    const bytes = new TextEncoder().encode(`${SECRETS.BASIC_USER}:${SECRETS.BASIC_PASSWORD}`)
    expect(values(received, 'authorization')).toEqual([`Basic ${bytes.toBase64()}`])
    expect(values(received, 'git-protocol')).toEqual(['version=2'])
    expect(wire([received])).not.toContain(token)
  })
})
