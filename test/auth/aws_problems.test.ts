import { describe, expect, it } from 'vitest'

import { awsSigV4 } from '../../src/auth/aws_sigv4.ts'
import type { AwsSigV4Auth } from '../../src/auth/config.ts'
import { paramsNamed } from '../../src/query.ts'
import { QUERY_PARAMS } from '../../src/sigv4/shown.ts'
import s3 from '../vectors/aws_s3.json' with { type: 'json' }
import { credentialsOf, draftOf } from './draft.ts'

const AUTH: AwsSigV4Auth = {
  type: 'aws_sigv4',
  access_key_id: { env: 'ID' },
  secret_access_key: { env: 'SECRET' },
  session_token: null,
  region: null,
  service: null,
  invalidate_on: [],
}
const TOKEN = `op_${'a'.repeat(43)}`
const STALE = 'd'.repeat(64)
const AT = Date.UTC(2013, 4, 24)
const VALUES = { ID: s3.id, SECRET: s3.secret, SESSION: 'session+/=token' }
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'

const scopeOf = (service: string) => `${TOKEN}/20130524/us-east-1/${service}/aws4_request`
const signedFor = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=${scopeOf(service)}, SignedHeaders=host, Signature=${STALE}`
const presigned = (over: Record<string, string> = {}) =>
  Object.entries({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': scopeOf('s3'),
    'X-Amz-Date': '20130524T000000Z',
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': STALE,
    ...over,
  })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')

interface Over {
  readonly headers?: Record<string, string>
  readonly query?: string
  readonly method?: string
  readonly path?: string
}

function asked({ headers = {}, query = '', method = 'GET', path = '/b/k' }: Over) {
  return { method, path, query, headers: new Headers(headers) }
}

const of = (service: string, headers: Record<string, string> = {}) => ({
  headers: { authorization: signedFor(service), ...headers },
})

describe('a call that cannot be signed', () => {
  it.each<[string, Over, number, RegExp]>([
    ['is signed for no scope', { headers: { authorization: 'Bearer x' } }, AT, /Version 4/],
    [
      'is signed by SigV4A',
      of('s3', { authorization: 'AWS4-ECDSA-P256-SHA256 Credential=a' }),
      AT,
      /AWS4-HMAC-SHA256/,
    ],
    ['has expired', { query: presigned() }, AT + 60_001, /expired/],
    ['is of the future', { query: presigned() }, AT - 900_001, /future/],
    [
      'has another payload',
      of('s3', { 'x-amz-content-sha256': 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' }),
      AT,
      /not taken/,
    ],
    [
      'has signed events',
      of('transcribe', { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-EVENTS' }),
      AT,
      /not taken/,
    ],
    [
      'has two payloads',
      of('s3', { 'x-amz-content-sha256': `${EMPTY}, ${EMPTY}` }),
      AT,
      /not taken/,
    ],
    [
      'has another payload in its query',
      { query: presigned({ 'X-Amz-Content-Sha256': 'x' }) },
      AT,
      /not taken/,
    ],
    [
      'has chunks of no length',
      of('s3', { 'x-amz-content-sha256': SIGNED }),
      AT,
      /decoded-content-length/,
    ],
    ['has a plus in its path', { ...of('s3'), path: '/b/a+b' }, AT, /%2B/],
    [
      'is a form',
      { ...of('s3', { 'content-type': 'multipart/form-data; boundary=x' }), method: 'POST' },
      AT,
      /form/,
    ],
  ])('%s', (_title, over, now, said) => {
    expect(awsSigV4.problem?.(AUTH, asked(over), now)).toMatch(said)
  })

  it.each<[string, Over, number, Partial<AwsSigV4Auth>]>([
    ['of a clock that is wrong', of('s3'), AT + 1e10, {}],
    ['presigned, in its last moment', { query: presigned() }, AT + 60_000, {}],
    ['unsigned, for a provider that says the scope', {}, AT, { region: 'r', service: 's3' }],
    ['of another service with a plus', { ...of('execute-api'), path: '/b/a+b' }, AT, {}],
    [
      'a form for another service',
      { ...of('execute-api', { 'content-type': 'multipart/form-data' }), method: 'POST' },
      AT,
      {},
    ],
  ])('is not one %s', (_title, over, now, auth) => {
    expect(awsSigV4.problem?.({ ...AUTH, ...auth }, asked(over), now)).toBeNull()
  })
})

describe('a body is read to be hashed', () => {
  it.each<[boolean, string, Over]>([
    [true, 'for a service that wants its hash', of('dynamodb')],
    [
      false,
      'not where the client has hashed it',
      of('dynamodb', { 'x-amz-content-sha256': EMPTY }),
    ],
    [false, 'not for S3', of('s3')],
    [false, 'not for S3 Express', of('s3express')],
    [false, 'not where nothing says the service', {}],
  ])('%s: %s', (expected, _title, over) => {
    expect(awsSigV4.readsBodyOf?.(AUTH, asked(over))).toBe(expected)
  })
})

/** Signs a draft that has these of the agent's headers left. */
async function signed(over: Over, auth: Partial<AwsSigV4Auth> = {}, headers: HeadersInit = {}) {
  const call = asked(over)
  const { method, path, query } = call
  const draft = draftOf({
    method,
    path,
    query,
    asked: call,
    headers,
    base_url: `https://${s3.host}`,
  })
  await awsSigV4.sign(draft, { ...AUTH, ...auth }, credentialsOf(VALUES), AT)
  return draft
}

describe('what is presigned', () => {
  it('is so again, with the key of the provider and nothing of the agent’s', async () => {
    const query = `x-amz-acl=private&${presigned({ 'X-Amz-Security-Token': 'of-the-agent' })}&x-id=GetObject`
    const draft = await signed({ query }, { session_token: { env: 'SESSION' } })
    const params = new Map(
      paramsNamed(draft.query, QUERY_PARAMS).map((each) => [each.param, each.value]),
    )
    expect(draft.query.startsWith('x-amz-acl=private&x-id=GetObject&X-Amz-Algorithm=')).toBe(true)
    expect(params.get('X-Amz-Credential')).toBe(`${s3.id}/20130524/us-east-1/s3/aws4_request`)
    expect(params.get('X-Amz-Security-Token')).toBe(VALUES.SESSION)
    expect(draft.query).not.toMatch(new RegExp(`${TOKEN}|${STALE}|of-the-agent`))
    expect(draft.headers.has('authorization')).toBe(false)
    expect(awsSigV4.secretWords?.(draft)).toEqual([params.get('X-Amz-Signature')])
  })

  it('signs the headers of AWS that come with it', async () => {
    const headers = { 'x-amz-meta-a': '1', 'content-type': 'text/plain', 'x-other': '1' }
    const draft = await signed({ query: presigned(), method: 'PUT' }, {}, headers)
    expect(draft.query).toContain('X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-meta-a&')
  })
})

describe('what is signed in a header', () => {
  it('has the scope of the file before the client’s', async () => {
    const { headers } = await signed(of('s3'), { region: 'eu-west-1', service: 'dynamodb' })
    expect(headers.get('authorization')).toContain('/20130524/eu-west-1/dynamodb/aws4_request')
    expect(headers.has('x-amz-content-sha256')).toBe(false)
  })

  it('says of a body of S3 that it is not signed, and keeps what the client says', async () => {
    expect((await signed(of('s3'))).headers.get('x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD')
    const said = { 'x-amz-content-sha256': EMPTY }
    const { headers, reframing } = await signed(of('s3', said), {}, said)
    expect(headers.get('x-amz-content-sha256')).toBe(EMPTY)
    expect(reframing).toBeNull()
  })

  it('takes the signatures of chunks out', async () => {
    const said = {
      'x-amz-content-sha256': SIGNED,
      'x-amz-decoded-content-length': '5',
      'content-encoding': 'aws-chunked',
    }
    const { headers, reframing } = await signed(of('s3', said), {}, said)
    expect(reframing?.length).toBe(5)
    expect(headers.get('x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD')
    expect(headers.has('content-encoding')).toBe(false)
    expect(headers.get('authorization')).not.toContain('decoded')
  })

  it('has one secret word, the signature', async () => {
    const draft = await signed(of('s3'), { session_token: { env: 'SESSION' } })
    const words = awsSigV4.secretWords?.(draft)
    expect(words).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(draft.headers.get('authorization')).toContain(`Signature=${words?.[0]}`)
    expect(draft.headers.get('x-amz-security-token')).toBe(VALUES.SESSION)
  })

  it('joins a header that came twice', async () => {
    const headers = new Headers({ 'x-amz-meta-a': '1' })
    headers.append('x-amz-meta-a', '2')
    const draft = await signed(of('s3'), {}, headers)
    expect([...draft.headers].filter(([name]) => name === 'x-amz-meta-a')).toEqual([
      ['x-amz-meta-a', '1, 2'],
    ])
  })

  it('and where a part of the credential is not there, nothing is signed', async () => {
    await expect(signed(of('s3'), { session_token: { env: 'OTHER' } })).rejects.toThrow()
  })
})
