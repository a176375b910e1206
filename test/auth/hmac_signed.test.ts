import { describe, expect, it } from 'vitest'

import type { HmacSignedAuth } from '../../src/auth/config.ts'
import { hmacSigned } from '../../src/auth/hmac_signed.ts'
import type { Draft } from '../../src/auth/scheme.ts'
import binance from '../vectors/binance.json'
import rfc4231 from '../vectors/rfc4231.json'
import { credentialsOf, draftOf, headersOf } from './draft.ts'

const BINANCE: HmacSignedAuth = {
  type: 'hmac_signed',
  key: { env: 'KEY' },
  secret: { env: 'SECRET' },
  key_header: 'X-MBX-APIKEY',
  signature_header: null,
  signature_param: 'signature',
  timestamp_header: null,
  timestamp_param: 'timestamp',
  digest: 'sha256',
  payload: 'query',
  invalidate_on: [401],
}

const IN_HEADERS = { signature_header: 'X-Signature', timestamp_header: 'X-Timestamp' }
const NOW = 1_700_000_000_000
const encoder = new TextEncoder()

async function signed(auth: Partial<HmacSignedAuth>, parts: Partial<Draft> = {}): Promise<Draft> {
  const draft = draftOf(parts)
  const credentials = credentialsOf({ KEY: 'the-key', SECRET: 'the-secret' })
  await hmacSigned.sign(draft, { ...BINANCE, ...auth }, credentials, NOW)
  return draft
}

/** Another way to the same signature: WebCrypto's own check. */
async function verifies(
  signature: string,
  message: string,
  hash: 'SHA-256' | 'SHA-512' = 'SHA-256',
) {
  const algorithm = { name: 'HMAC', hash }
  const raw = encoder.encode('the-secret')
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify'])
  return crypto.subtle.verify('HMAC', key, bytes(signature), encoder.encode(message))
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

describe('Binance, signed endpoint', () => {
  const { key, secret, timestamp } = binance

  it.each(binance.cases)('$name', async ({ query, signature }) => {
    const draft = draftOf({ method: 'POST', query })
    await hmacSigned.sign(draft, BINANCE, credentialsOf({ KEY: key, SECRET: secret }), timestamp)
    expect(draft.query).toBe(`${query}&timestamp=${timestamp}&signature=${signature}`)
    expect(headersOf(draft)).toEqual({ 'x-mbx-apikey': key })
    expect(draft.body).toBeNull()
  })
})

describe('RFC 4231, as the signature of a body', () => {
  const cases = rfc4231.cases.flatMap(({ section, key_hex, data_hex, sha256, sha512 }) => [
    { section, key_hex, data_hex, digest: 'sha256' as const, expected: sha256, length: 64 },
    { section, key_hex, data_hex, digest: 'sha512' as const, expected: sha512, length: 128 },
  ])

  it.each(cases)('§$section $digest', async ({ key_hex, data_hex, digest, expected, length }) => {
    const secret = new TextDecoder().decode(bytes(key_hex))
    const draft = draftOf({ method: 'POST', body: bytes(data_hex) })
    const auth = { ...BINANCE, ...IN_HEADERS, digest, payload: 'body' as const }
    await hmacSigned.sign(draft, auth, credentialsOf({ KEY: 'k', SECRET: secret }), NOW)
    const signature = draft.headers.get('x-signature') ?? ''
    expect(signature.slice(0, expected.length)).toBe(expected)
    expect(signature).toHaveLength(length)
  })
})

describe('what is signed is what is sent', () => {
  const body = encoder.encode('{"q":"é"}')
  const text = '{"q":"é"}'

  it('an empty query has no leading separator', async () => {
    const { query } = await signed({})
    expect(query).toMatch(new RegExp(`^timestamp=${NOW}&signature=[0-9a-f]{64}$`))
  })

  it.each([
    ['b=2&a=1&a=%20+%C3%A9%27&&c', 'b=2&a=1&a=%20+%C3%A9%27&&c'],
    ['a=%zz&%', 'a=%zz&%'],
    ['timestamp=1&a=1&TimeStamp%5B%5D=2&signature=0&sign%61ture=1', 'a=1'],
  ])('query: %s', async (sent, kept) => {
    const { query } = await signed({}, { query: sent })
    const [message = '', signature = ''] = query.split('&signature=')
    expect(message).toBe(`${kept}&timestamp=${NOW}`)
    expect(await verifies(signature, message)).toBe(true)
  })

  it('query, with both in headers: not a byte of the query changes', async () => {
    const query = 'timestamp=1&signature=2&a=1'
    const draft = await signed(IN_HEADERS, { query })
    expect(draft.query).toBe(query)
    expect(headersOf(draft)).toMatchObject({ 'x-timestamp': `${NOW}`, 'x-mbx-apikey': 'the-key' })
    expect(await verifies(draft.headers.get('x-signature') ?? '', query)).toBe(true)
  })

  it('body: the timestamp goes into its header or nowhere', async () => {
    const draft = await signed({ payload: 'body' }, { query: 'timestamp=1&a=1', body })
    const [query, signature = ''] = draft.query.split('&signature=')
    expect(query).toBe('timestamp=1&a=1')
    expect(await verifies(signature, text)).toBe(true)
    expect(headersOf(draft)).toEqual({ 'x-mbx-apikey': 'the-key' })

    const stamped = await signed({ payload: 'body', ...IN_HEADERS }, { query: 'a=1', body })
    expect(stamped.query).toBe('a=1')
    expect(stamped.headers.get('x-timestamp')).toBe(`${NOW}`)
  })

  it('query+body: a line feed between them, the timestamp in the query', async () => {
    const auth = { payload: 'query+body', signature_header: 'X-Signature' } as const
    const draft = await signed(auth, { query: 'a=1', body })
    expect(draft.query).toBe(`a=1&timestamp=${NOW}`)
    const signature = draft.headers.get('x-signature') ?? ''
    expect(await verifies(signature, `a=1&timestamp=${NOW}\n${text}`)).toBe(true)
  })

  it('sha512, and no body at all', async () => {
    const auth = { payload: 'query+body', digest: 'sha512', ...IN_HEADERS } as const
    const draft = await signed(auth, { query: 'a=1' })
    expect(await verifies(draft.headers.get('x-signature') ?? '', 'a=1\n', 'SHA-512')).toBe(true)
  })
})

describe("the agent's own", () => {
  it('signature and timestamp headers are replaced', async () => {
    const headers = new Headers({
      'X-Signature': 'mine',
      'x-timestamp': 'mine',
      'x-mbx-apikey': 'mine',
    })
    const draft = await signed(IN_HEADERS, { headers })
    expect([...draft.headers.keys()]).toEqual(['x-mbx-apikey', 'x-signature', 'x-timestamp'])
    expect([...draft.headers.values()]).not.toContain('mine')
  })

  it.each([
    [{}, ['x-mbx-apikey'], ['signature', 'timestamp']],
    [IN_HEADERS, ['x-mbx-apikey', 'x-signature', 'x-timestamp'], []],
    [{ signature_header: 'X-S' }, ['x-mbx-apikey', 'x-s'], ['timestamp']],
    [{ timestamp_header: 'X-T' }, ['x-mbx-apikey', 'x-t'], ['signature']],
    [{ payload: 'body' as const }, ['x-mbx-apikey'], ['signature']],
  ])('slots of %j', (auth, headers, params) => {
    expect(hmacSigned.slots({ ...BINANCE, ...auth })).toEqual({ headers, params })
  })

  it.each([
    ['query', false],
    ['body', true],
    ['query+body', true],
  ] as const)('payload %s reads the body: %s', (payload, expected) => {
    expect(hmacSigned.readsBody?.({ ...BINANCE, payload })).toBe(expected)
  })
})
