import { exports } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'

import { OPERATORS, SECRETS } from '../fixtures/secrets.ts'
import { ENCODERS } from '../scrub/encoders.ts'
import { call, expectRefusal, names, only, open, values } from './call.ts'
import type { Asking } from './call.ts'

const SECRET = SECRETS.BEARER_TOKEN

function mirror(asked: Readonly<Record<string, string | readonly string[]>>): string {
  const query = Object.entries(asked).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}=${encodeURIComponent(each)}`),
  )
  return `/mirror?${query.join('&')}`
}

const ask = (asked: Parameters<typeof mirror>[0], asking: Asking = {}) =>
  call(mirror(asked), { provider: 'bearer', ...asking })

const EVERY = { declared: '1' }
const SAID = '{"you":"sent [redacted]"}'

describe('a body that repeats the credential', () => {
  it.each(Object.keys(ENCODERS).filter((name) => !name.startsWith('UTF-16')))('%s', async (as) => {
    for (const how of [
      {},
      { declared: '1' },
      { pieces: '3' },
      { pieces: '1', type: 'text/html' },
    ]) {
      expect((await ask({ as, ...how })).text).toBe(SAID)
    }
  })

  it.each(['UTF-16, little end first', 'UTF-16, big end first'])('%s', async (as) => {
    const { text } = await ask({ as, ...EVERY })
    expect(text.replaceAll('\0', '')).toBe(SAID)
  })

  it('the pair of Basic, and the password in it', async () => {
    const { text } = await ask({ say: 'Basic @' }, { provider: 'basic' })
    expect(text).toBe('Basic [redacted]')
  })

  it('the signature of the request, and the key beside it', async () => {
    const { text, seen } = await ask({ say: '§ of @' }, { provider: 'hmac' })
    expect(only({ seen }).target).toMatch(/&signature=[0-9a-f]{64}$/)
    expect(text).toBe('[redacted] of [redacted]')
  })

  it('where the answer is also read for a code that rejects the credential', async () => {
    const { text } = await ask({ type: 'application/json', ...EVERY }, { provider: 'stored_codes' })
    expect(text).toBe(SAID)
    const long = await ask({ type: 'application/json', pieces: '7' }, { provider: 'stored_codes' })
    expect(long.text).toBe(SAID)
  })

  it('a part of it', async () => {
    const say = `${SECRET.slice(3, 17)} and ${SECRET.slice(0, 11)}`
    expect((await ask({ say })).text).toBe(`[redacted] and ${SECRET.slice(0, 11)}`)
  })

  it.each(['header', 'location', 'set-cookie'])('and a %s', async (where) => {
    const lines = {
      header: `x-said: ${ENCODERS['HTML, hex']?.(SECRET)}`,
      location: `location: https://other.test/?${ENCODERS['percent, every byte']?.(SECRET)}`,
      'set-cookie': `set-cookie: a=${btoa(`x${SECRET}x`)}`,
    }
    const line = lines[where as keyof typeof lines]
    const { headers } = await ask(
      { line, say: 'x' },
      { provider: where === 'set-cookie' ? 'scrub_always' : 'bearer' },
    )
    expect([...headers].flat().join('\n')).not.toContain(line.split(': ')[1] ?? '')
  })

  it('no credential, no search', async () => {
    const asked = { say: '@', line: ['ETag: "x"', 'Content-MD5: abc'], ...EVERY }
    const { headers } = await ask(asked, { provider: 'plain' })
    expect([headers.get('etag'), headers.get('content-md5')]).toEqual(['"x"', 'abc'])
  })
})

describe('what the headers say stays true', () => {
  const line = [
    'ETag: "x"',
    'Content-MD5: abc',
    'Digest: sha-256=abc',
    'Repr-Digest: a',
    'Content-Digest: b',
    'Accept-Ranges: bytes',
  ]
  const said = ({ headers }: { headers: Headers }) =>
    [
      'etag',
      'content-md5',
      'digest',
      'repr-digest',
      'content-digest',
      'accept-ranges',
      'content-length',
    ].map((name) => headers.get(name))
  const GONE = ['W/"x"', null, null, null, null, null]

  it('of a short answer without an echo: all of it', async () => {
    const answer = await ask({ say: 'nothing', line, ...EVERY })
    expect(said(answer)).toEqual(['"x"', 'abc', 'sha-256=abc', 'a', 'b', 'bytes', '7'])
  })

  it('of a short answer with an echo: the new length', async () => {
    const answer = await ask({ line, ...EVERY })
    expect(answer.text).toBe(SAID)
    expect(said(answer)).toEqual([...GONE, String(SAID.length)])
  })

  it('of what streams: no length', async () => {
    for (const how of [{ pieces: '5' }, { say: 'x'.repeat(3000), pieces: '1000' }]) {
      expect(said(await ask({ line, ...how }))).toEqual([...GONE, null])
    }
  })

  it('of a long one with a length: no length', async () => {
    const { response } = await open(`/sized/1100000`, { provider: 'bearer' })
    expect(response.headers.get('content-length')).toBeNull()
    expect((await response.text()).length).toBe(1_100_000)
  })

  it('20 MB arrive whole', async () => {
    const { response } = await open('/sized/20000000', { provider: 'bearer' })
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes.length).toBe(20_000_000)
    const word = new TextEncoder().encode('sized')
    expect(bytes.findIndex((byte, at) => byte !== word[at % 5])).toBe(-1)
  })

  it('a weak ETag stays as it is', async () => {
    const { headers } = await ask({ line: 'ETag: W/"x"' })
    expect(headers.get('etag')).toBe('W/"x"')
  })

  it.each([204, 304])('of %i: all of it', async (status) => {
    const { headers } = await call(`/status/${status}`, { provider: 'bearer' })
    expect(headers.get('etag')).toBe('"one"')
  })

  it('of HEAD: the length of the whole', async () => {
    const { headers } = await call('/sized/100000', { provider: 'bearer', method: 'HEAD' })
    expect(headers.get('content-length')).toBe('100000')
  })
})

describe('codings', () => {
  it.each(['gzip', 'x-gzip', 'br', 'deflate', 'GZIP', 'Deflate'])(
    '%s is taken off',
    async (coding) => {
      for (const how of [{}, { declared: '1' }, { pieces: '7' }]) {
        const { text, headers } = await ask({ coding, ...how })
        expect([text, headers.get('content-encoding')]).toEqual([SAID, null])
        const { text: other } = await ask({ coding, say: 'nothing', ...how })
        expect(other).toBe('nothing')
      }
    },
  )

  it.each(['zstd', 'rot13', 'gzip, br', 'BR', 'gzip\u00a0'])('%j is a 502', async (coding) => {
    expectRefusal(await ask({ coding, ...EVERY }), 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('that the runtime does not take off are not kept as if it did', async () => {
    const again = { method: 'POST', headers: { 'idempotency-key': 'in-capitals' } }
    const asked = mirror({ coding: 'GZIP', say: 'nothing', ...EVERY })
    expect((await call(asked, { provider: 'scrub_off', ...again })).status).toBe(200)
    const second = await call(asked, { provider: 'scrub_off', ...again })
    expectRefusal(second, 409, 'PROXY_IDEMPOTENCY_IN_FLIGHT')
  })

  it.each([
    ['gzip, deflate, br, zstd', 'gzip, br'],
    ['zstd, br;q=0.5', 'br;q=0.5'],
    ['zstd', 'identity'],
    ['*', 'identity'],
    ['identity;q=1, *;q=0', 'identity;q=1'],
  ])('an agent that takes %s: the upstream is told %s', async (accepted, told) => {
    const headers = { 'accept-encoding': accepted }
    expect(values(only(await ask({}, { headers })), 'accept-encoding')).toEqual([told])
    const off = only(await call('/echo', { provider: 'scrub_off', headers }))
    expect(values(off, 'accept-encoding')).toEqual([accepted])
  })
})

describe('parts', () => {
  it('are not asked for where the answer may be searched', async () => {
    const headers = { range: 'bytes=0-3', 'if-range': '"x"' }
    expect(names(only(await ask({}, { headers })))).toEqual(['authorization'])
    const off = only(await call('/echo', { provider: 'scrub_off', headers }))
    expect(names(off)).toEqual(['authorization', 'if-range', 'range'])
  })

  it('of a text are a 502, and of a picture they pass', async () => {
    const asked = { status: '206', line: 'Content-Range: bytes 0-1/9', say: 'ab', ...EVERY }
    expectRefusal(await ask(asked), 502, 'PROXY_UPSTREAM_ERROR')
    expect((await ask({ ...asked, type: 'image/png' })).status).toBe(206)
  })
})

/** Without the search for sentinels: the body is what the upstream sent. */
async function unsearched(
  asked: Parameters<typeof mirror>[0],
  provider: string,
): Promise<Response> {
  return (await open(mirror(asked), { provider })).response
}

describe('which answers are searched', () => {
  it.each(['image/png', 'video/mp4', 'application/zip', 'application/pdf', 'font/woff2'])(
    '%s is not, unless the provider says always',
    async (type) => {
      const asked = { type, line: ['ETag: "x"', 'x-said: @'], ...EVERY }
      const passed = await unsearched(asked, 'bearer')
      expect(passed.headers.get('x-said')).toBe('[redacted]')
      expect(passed.headers.get('etag')).toBe('"x"')
      expect(await passed.text()).toContain(SECRET)
      expect((await ask(asked, { provider: 'scrub_always' })).text).toBe(SAID)
    },
  )

  it.each([
    'text/plain',
    'image/svg+xml',
    'application/json',
    'multipart/mixed',
    'application/grpc',
    'application/vnd.oasis.opendocument.text-flat-xml',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml; charset=utf-8',
    'x',
    '',
  ])('%j is', async (type) => expect((await ask({ type })).text).toBe(SAID))

  it('bytes are, when they are few or begin as a text does', async () => {
    const type = 'application/octet-stream'
    const binary = `\u0001${'binary '.repeat(200)}@`
    expect((await ask({ type })).text).toBe(SAID)
    expect((await ask({ type, say: binary, ...EVERY })).text).toContain('[redacted]')
    expect((await ask({ type, pieces: '100' })).text).toBe(SAID)
    for (const as of ['UTF-16, little end first', 'UTF-16, big end first']) {
      for (const how of [{}, EVERY, { pieces: '7' }]) {
        const said = as.includes('big') ? { as, say: '@', ...how } : { as, say: 'ÿþ@', ...how }
        const { text } = await ask({ type, ...said })
        expect(text.replaceAll('\0', '')).toMatch(/\[redacted\]\0?$/)
      }
    }
    const passed = await unsearched({ type, say: binary, pieces: '100' }, 'bearer')
    expect(await passed.text()).toContain(SECRET)
  })

  it('none with scrub: off; its headers are', async () => {
    const passed = await unsearched({ line: 'x-said: @', ...EVERY }, 'scrub_off')
    expect(passed.headers.get('x-said')).toBe('[redacted]')
    expect(await passed.text()).toContain(SECRET)
  })
})

describe('on_echo: block', () => {
  const block = { provider: 'scrub_block' }

  it.each([
    ['a header', { say: 'x', line: 'x-said: @' }],
    ['a short body', EVERY],
  ])('%s is a 502', async (_title, asked) => {
    expectRefusal(await ask(asked, block), 502, 'PROXY_UPSTREAM_ERROR')
  })

  it('what streams breaks off', async () => {
    const { response } = await open(
      mirror({ say: `${'begun '.repeat(50)}@ and more`, pieces: '100' }),
      block,
    )
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })

  it('an answer without one passes', async () => {
    expect((await ask({ say: 'nothing', pieces: '3' }, block)).text).toBe('nothing')
  })
})

describe('what is kept', () => {
  it('in the cache is what the agent got', async () => {
    for (const how of [
      { n: '1' },
      { n: '2', declared: '1' },
      { n: '3', coding: 'gzip', pieces: '4' },
    ]) {
      const asking = { provider: 'cached' }
      const first = await ask({ ...how }, asking)
      const second = await ask({ ...how }, asking)
      expect([first.text, second.text]).toEqual([SAID, SAID])
      expect(second.headers.get('x-proxy-cache')).toBe('HIT')
    }
  })

  it('for an Idempotency-Key is what the agent got', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const asking = { method: 'POST', headers }
    const first = await ask({ pieces: '4' }, asking)
    const second = await vi.waitFor(async () => {
      const again = await ask({ pieces: '4' }, asking)
      expect(again.headers.get('x-proxy-cache')).toBe('IDEMPOTENT-HIT')
      return again
    })
    expect([first.text, second.text]).toEqual([SAID, SAID])
  })
})

describe('the record', () => {
  const events = async (): Promise<Record<string, unknown>[]> => {
    const response = await exports.default.fetch(
      new Request('https://proxy.test/_outpost/audit?limit=50', {
        headers: {
          authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}`,
          'cf-connecting-ip': '192.0.2.1',
        },
      }),
    )
    const { events: found } = await response.json<{ events: Record<string, unknown>[] }>()
    return found
  }
  const found = (wanted: Readonly<Record<string, unknown>>) =>
    vi.waitFor(
      async () => expect(await events()).toContainEqual(expect.objectContaining(wanted)),
      10_000,
    )

  it('counts what is known when the headers leave', async () => {
    const { headers } = await ask({ say: '@ @', line: ['x-one: @', 'x-two: @'], ...EVERY })
    const id = headers.get('x-outpost-request-id')
    await found({ kind: 'call', id, echoes_scrubbed: 4, secret_exposed: false })
  })

  it.each([
    ['a body', EVERY, 1],
    ['headers', { say: 'x', line: ['x-one: @', 'x-two: @'] }, 2],
  ])('counts what was blocked: %s', async (_title, asked, echoes_scrubbed) => {
    const { headers } = await ask(asked, { provider: 'scrub_block' })
    const id = headers.get('x-outpost-request-id')
    await found({ kind: 'call', id, echoes_scrubbed, status: 502, decision: 'allow' })
  })

  it('says of what streamed when it has ended', async () => {
    const { headers } = await ask({ say: '@ @ @', pieces: '9' })
    const id = headers.get('x-outpost-request-id')
    await found({ kind: 'call', id, echoes_scrubbed: 0 })
    const details = {
      provider: 'bearer',
      agent: null,
      project: null,
      echoes_scrubbed: 3,
      cut: false,
    }
    await found({ kind: 'control', action: 'answer.scrubbed', by: 'outpost', target: id, details })
  })
})
