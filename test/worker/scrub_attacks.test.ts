import { describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { ALIGNED, ENCODERS } from '../scrub/encoders.ts'
import { call, expectRefusal, open } from './call.ts'
import { refill } from './limiters.ts'

const SECRET = SECRETS.BEARER_TOKEN

type Asked = Readonly<Record<string, string | readonly string[]>>

function mirror(asked: Asked): string {
  const query = Object.entries(asked).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`),
  )
  return `/mirror?${query.join('&')}`
}

const ask = (asked: Asked, provider = 'bearer') => call(mirror(asked), { provider })

/** Everything that an agent sees of an answer, as bytes of UTF-8 in a string. */
async function seen(path: string, provider: string): Promise<string> {
  const { response } = await open(path, { provider })
  const { statusText, headers } = response
  const body = new Uint8Array(await response.arrayBuffer())
  const text = Array.from(body, (byte) => String.fromCharCode(byte)).join('')
  return [statusText, ...[...headers].flat(), text].join('\n')
}

/** What may stand in a header: no line break, nothing of UTF-16. */
const IN_A_HEADER = Object.entries({ ...ENCODERS, ...ALIGNED }).filter(
  ([name]) => !name.startsWith('UTF-16'),
)

describe('nothing that leaves has a secret in any form', () => {
  it.each(IN_A_HEADER)('%s', async (_name, encode) => {
    const form = encode(SECRET)
    const asked = {
      reason: `No ${form}`,
      line: [
        `x-said: you sent ${form}, twice ${form}`,
        `link: <https://api.test/?key=${form}>; rel="next"`,
        `www-authenticate: Bearer realm="${form}"`,
        `server-timing: a;desc="${form}"`,
        `location: https://other.test/${form}?a=${form}#${form}`,
        `set-cookie: session=${form}`,
      ],
      say: `{"key":"${form}"}`,
    }
    for (const how of [{}, { declared: '1' }, { pieces: '9' }]) {
      const all = await seen(mirror({ ...asked, ...how }), 'bearer')
      // Without the edges, which in base64 belong to neighbours too.
      expect(all).not.toContain(form.slice(7, -7))
      expect(all).toContain('[redacted]')
    }
  })

  it('of a secret of other letters', async () => {
    const asked = { say: '@ and pässword', line: 'x-said: @', reason: '@' }
    const all = await seen(mirror(asked), 'basic')
    expect(all).not.toMatch(/c2VudGluZWwt|sentinel-basic/)
    const password = SECRETS.BASIC_PASSWORD
    const bytes = String.fromCharCode(...new TextEncoder().encode(password))
    for (const form of [password, encodeURIComponent(password), bytes]) {
      const said = { say: form, line: [`x-said: ${form}`, `x-other: a${form}b`] }
      expect(await seen(mirror({ ...said, declared: '1' }), 'basic')).not.toMatch(/sentinel-basic/)
    }
  })

  it('a URL that is put together when it is read', async () => {
    const apart = `${SECRET.slice(0, 11)}\t${SECRET.slice(11)}`
    const raw = `HTTP/1.1 302 Found\r\nlocation: https://other.test/?a=${apart}\r\ncontent-length: 0\r\n\r\n`
    const hex = Array.from(raw, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    expect(await seen(`/raw?hex=${hex}`, 'bearer')).not.toContain(SECRET)
  })

  it('the name of a header', async () => {
    const { headers } = await ask({ line: [`x-${SECRET}: 1`, 'x-other: 2'], say: 'x' })
    expect([...headers.keys()].join()).not.toContain(SECRET)
    expect(headers.get('x-other')).toBe('2')
  })

  it('the words of a short secret stay, in a body alone', async () => {
    const isolate = { env: { BEARER_TOKEN: 'hunter2' }, provider: 'bearer' }
    const { text, headers } = await call(
      mirror({ say: 'hunter2', line: 'x-said: hunter2' }),
      isolate,
    )
    expect([text, headers.get('x-said')]).toEqual(['hunter2', '[redacted]'])
  })
})

describe('what is said of the type', () => {
  it.each(['image/png, text/html', 'audio/x-mpegurl', 'audio/mpegurl', ' ', 'IMAGE/SVG+XML'])(
    '%j is searched',
    async (type) => expect((await ask({ type, say: 'a @' })).text).toBe('a [redacted]'),
  )
})

it('a range that cannot be had is an answer', async () => {
  const line = 'content-range: bytes */9'
  const answer = await ask({ status: '416', line, say: 'no @', declared: '1' })
  expect([answer.status, answer.text]).toEqual([416, 'no [redacted]'])
})

describe('an envelope for a 429', () => {
  const limited = async (asked: Asked) => {
    await refill('envelope')
    const answer = await ask({ status: '429', ...asked }, 'envelope')
    expectRefusal(answer, 429, 'PROXY_UPSTREAM_RATE_LIMITED')
    return answer
  }

  it.each(Object.keys(ENCODERS).filter((name) => !name.startsWith('UTF-16')))('%s', async (as) => {
    expect((await limited({ as, say: 'key @' })).text).toContain('key [redacted]')
  })

  it('one that ends in the middle of a secret', async () => {
    for (const pad of ['16370', '16380', '16383', '24560']) {
      const { text } = await limited({ pad, say: `@${'y'.repeat(3000)}`, as: 'percent, twice' })
      expect(text).not.toMatch(/sentinel|%25/)
    }
  })

  it('of a text that breaks off there', async () => {
    const raw = `HTTP/1.1 429 No\r\ncontent-length: 900\r\n\r\nkey ${SECRET.slice(0, 11)}`
    const hex = Array.from(raw, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
    await refill('envelope')
    const answer = await call(`/raw?hex=${hex}`, { provider: 'envelope' })
    expect(answer.text).not.toContain(SECRET.slice(0, 4))
  })

  it('of a coding that nobody can read', async () => {
    expect((await limited({ coding: 'zstd' })).text).toContain('"upstream_body":""')
  })

  it('a Retry-After', async () => {
    const { headers } = await limited({ line: 'retry-after: @' })
    expect(headers.get('retry-after')).toBe('[redacted]')
  })
})
