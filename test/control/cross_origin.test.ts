import { describe, expect, it } from 'vitest'

import { crossOrigin } from '../../src/control/operator.ts'
import { Refusal } from '../../src/refusal.ts'
import { OPERATORS } from '../fixtures/secrets.ts'
import { call, expectRefusal } from '../worker/call.ts'

const JSON_BODY = { 'content-type': 'application/json' }

interface Sent {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The code that a request is refused with; null when it may go on. */
function verdict({ url = 'https://proxy.test/_outpost/x', method = 'POST', ...rest }: Sent) {
  try {
    crossOrigin(new Request(url, { method, ...rest }))
    return null
  } catch (error) {
    return error instanceof Refusal ? error.code : error
  }
}

describe('a writing request from elsewhere', () => {
  const at = 'https://proxy.test:8443/_outpost/x'

  it.each<[string, Sent, string | null]>([
    ['no browser', {}, null],
    ['its own page', { headers: { 'sec-fetch-site': 'same-origin' } }, null],
    ['an address typed in', { headers: { 'sec-fetch-site': 'none' } }, null],
    ['another site', { headers: { 'sec-fetch-site': 'cross-site' } }, 'PROXY_CROSS_ORIGIN'],
    ['a sibling', { headers: { 'sec-fetch-site': 'same-site' } }, 'PROXY_CROSS_ORIGIN'],
    ['a word not known', { headers: { 'sec-fetch-site': 'x' } }, 'PROXY_CROSS_ORIGIN'],
    ['an empty word', { headers: { 'sec-fetch-site': '' } }, 'PROXY_CROSS_ORIGIN'],
    [
      'two words',
      { headers: { 'sec-fetch-site': 'same-origin, cross-site' } },
      'PROXY_CROSS_ORIGIN',
    ],
    ['its own origin', { headers: { origin: 'https://proxy.test' } }, null],
    [
      'its own, TLS ended before',
      { headers: { origin: 'https://proxy.test' }, url: 'http://proxy.test/_outpost/x' },
      null,
    ],
    ['its own, in capitals', { headers: { origin: 'https://PROXY.test' } }, null],
    ['its own, the port spelt out', { headers: { origin: 'https://proxy.test:443' } }, null],
    ['its own with a port', { headers: { origin: 'https://proxy.test:8443' }, url: at }, null],
    [
      'its own, without the port',
      { headers: { origin: 'https://proxy.test' }, url: at },
      'PROXY_CROSS_ORIGIN',
    ],
    ['another port', { headers: { origin: 'https://proxy.test:8443' } }, 'PROXY_CROSS_ORIGIN'],
    ['another host', { headers: { origin: 'https://evil.test' } }, 'PROXY_CROSS_ORIGIN'],
    ['a host below', { headers: { origin: 'https://x.proxy.test' } }, 'PROXY_CROSS_ORIGIN'],
    ['a host above', { headers: { origin: 'https://proxy.test.evil.test' } }, 'PROXY_CROSS_ORIGIN'],
    [
      'its name as a user',
      { headers: { origin: 'https://proxy.test@evil.test' } },
      'PROXY_CROSS_ORIGIN',
    ],
    ['null', { headers: { origin: 'null' } }, 'PROXY_CROSS_ORIGIN'],
    ['an empty origin', { headers: { origin: '' } }, 'PROXY_CROSS_ORIGIN'],
    ['a host alone', { headers: { origin: 'proxy.test' } }, 'PROXY_CROSS_ORIGIN'],
    ['a path', { headers: { origin: 'https://proxy.test/' } }, 'PROXY_CROSS_ORIGIN'],
    [
      'two origins',
      { headers: { origin: 'https://proxy.test, https://proxy.test' } },
      'PROXY_CROSS_ORIGIN',
    ],
    [
      'an extension',
      { headers: { origin: 'chrome-extension://proxy.test' } },
      'PROXY_CROSS_ORIGIN',
    ],
    [
      'its own origin, another site',
      { headers: { origin: 'https://proxy.test', 'sec-fetch-site': 'cross-site' } },
      'PROXY_CROSS_ORIGIN',
    ],
    [
      'another origin, its own site',
      { headers: { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' } },
      'PROXY_CROSS_ORIGIN',
    ],
    [
      'Host as the proxy in front says it',
      {
        headers: { host: 'proxy.test', origin: 'https://proxy.test' },
        url: 'http://127.0.0.1:8788/_outpost/x',
      },
      null,
    ],
    [
      'the inner address',
      {
        headers: { host: 'proxy.test', origin: 'http://127.0.0.1:8788' },
        url: 'http://127.0.0.1:8788/_outpost/x',
      },
      'PROXY_CROSS_ORIGIN',
    ],
  ])('%s: %j', (_title, sent, code) => {
    expect(verdict(sent)).toBe(code)
    expect(verdict({ ...sent, method: 'DELETE' })).toBe(code)
    expect(verdict({ ...sent, method: 'GET' })).toBeNull()
    expect(verdict({ ...sent, method: 'HEAD' })).toBeNull()
  })
})

describe('a body', () => {
  const body = '{}'

  it.each<[string, Sent, string | null]>([
    ['JSON', { body, headers: JSON_BODY }, null],
    [
      'JSON with a charset',
      { body, headers: { 'content-type': 'application/json; charset=utf-8' } },
      null,
    ],
    ['JSON in capitals', { body, headers: { 'content-type': 'Application/JSON' } }, null],
    ['text, by default', { body }, 'PROXY_BAD_REQUEST'],
    ['text', { body, headers: { 'content-type': 'text/plain' } }, 'PROXY_BAD_REQUEST'],
    [
      'a form',
      { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'PROXY_BAD_REQUEST',
    ],
    [
      'parts',
      { body, headers: { 'content-type': 'multipart/form-data; boundary=application/json' } },
      'PROXY_BAD_REQUEST',
    ],
    [
      'JSON as a parameter',
      { body, headers: { 'content-type': 'text/plain; application/json' } },
      'PROXY_BAD_REQUEST',
    ],
    [
      'nearly JSON',
      { body, headers: { 'content-type': 'application/json-x' } },
      'PROXY_BAD_REQUEST',
    ],
    [
      'two types',
      { body, headers: { 'content-type': 'application/json, text/plain' } },
      'PROXY_BAD_REQUEST',
    ],
    ['an empty type', { body, headers: { 'content-type': '' } }, 'PROXY_BAD_REQUEST'],
    ['none, of any type', { headers: { 'content-type': 'text/plain' } }, null],
    ['none', {}, null],
  ])('%s: %j', (_title, sent, code) => {
    expect(verdict(sent)).toBe(code)
    expect(verdict({ ...sent, method: 'PUT' })).toBe(code)
  })
})

describe('the Worker', () => {
  const admin = { authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}` }
  const post = (headers: Record<string, string>, body?: string) =>
    call('/_outpost/status', { method: 'POST', headers, ...(body !== undefined && { body }) })

  it('asks who it is first', async () => {
    const answer = await post({ origin: 'https://evil.test' })
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
  })

  it('refuses an operator’s browser that another page sends', async () => {
    const answer = await post({ ...admin, origin: 'https://evil.test' })
    expectRefusal(answer, 403, 'PROXY_CROSS_ORIGIN')
    expectRefusal(
      await post({ ...admin, 'content-type': 'text/plain' }, '{}'),
      400,
      'PROXY_BAD_REQUEST',
    )
    const own = await post({ ...admin, origin: 'https://proxy.test', ...JSON_BODY }, '{}')
    expectRefusal(own, 405, 'PROXY_METHOD_DENIED')
  })

  it.each(['/_outpost/status', '/_outpost/nothing', '/healthz', '/docs'])(
    'lets no other page read %s',
    async (path) => {
      for (const method of ['GET', 'OPTIONS']) {
        const headers = { ...admin, origin: 'https://evil.test' }
        const answer = await call(path, { headers, method })
        const cors = [...answer.headers.keys()].filter((each) => each.startsWith('access-control-'))
        expect(cors).toEqual([])
        if (method === 'GET') {
          expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
        }
      }
    },
  )
})
