import { describe, expect, it } from 'vitest'

import { awsSigV4 } from '../../src/auth/aws_sigv4.ts'
import type { AwsSigV4Auth } from '../../src/auth/config.ts'
import { canonicalQuery } from '../../src/sigv4/canonical.ts'
import s3 from '../vectors/aws_s3.json' with { type: 'json' }
import suite from '../vectors/aws_sigv4.json' with { type: 'json' }
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
const SESSION = { ...AUTH, session_token: { env: 'SESSION' } }
const TOKEN = `op_${'a'.repeat(43)}`
const STALE = 'd'.repeat(64)

const scopeOf = (service: string, region = 'us-east-1', id = TOKEN) =>
  `${id}/20130524/${region}/${service}/aws4_request`
const signedFor = (service: string, region?: string) =>
  `AWS4-HMAC-SHA256 Credential=${scopeOf(service, region)}, SignedHeaders=host;x-amz-date, Signature=${STALE}`

/** A call as a client signed it; and the draft that `outbound` makes of it. */
function asked(headers: Record<string, string>, query = '', method = 'GET', path = '/a') {
  return { method, path, query, headers: new Headers(headers) }
}

const AT = Date.UTC(2013, 4, 24)

describe('vectors of S3’s pages', () => {
  it.each(s3.vectors)('$name', async ({ method, path, query, headers, signed, signature }) => {
    const draft = draftOf({
      method,
      base_url: `https://${s3.host}`,
      path,
      query,
      headers: Object.entries(headers),
      asked: asked({ authorization: signedFor('s3') }),
    })
    await awsSigV4.sign(draft, AUTH, credentialsOf({ ID: s3.id, SECRET: s3.secret }), AT)
    expect(draft.headers.get('authorization')).toBe(
      `AWS4-HMAC-SHA256 Credential=${scopeOf('s3', s3.region, s3.id)}, SignedHeaders=${signed}, Signature=${signature}`,
    )
    expect(draft.query).toBe(query)
  })
})

describe('vectors of AWS’s suite', () => {
  it.each(suite.vectors)('$name', async ({ method, target, headers, body, signed, signature }) => {
    const [path = '', query = ''] = target.split('?')
    const { 'x-amz-security-token': session = '', ...rest } = headers as Record<string, string>
    const draft = draftOf({
      method,
      base_url: `https://${suite.host}`,
      path,
      query,
      headers: Object.entries(rest),
      body: new TextEncoder().encode(body),
    })
    const values = { ID: suite.id, SECRET: suite.secret, SESSION: session }
    const auth = {
      ...(session === '' ? AUTH : SESSION),
      region: suite.region,
      service: suite.service,
    }
    await awsSigV4.sign(draft, auth, credentialsOf(values), Date.UTC(2015, 7, 30, 12, 36))
    expect(draft.headers.get('authorization')).toContain(
      `SignedHeaders=${signed}, Signature=${signature}`,
    )
    expect(draft.headers.get('x-amz-security-token') ?? '').toBe(session)
  })
})

it('a query of thousands of parameters takes no time, and S3 sees the first of each name', () => {
  const query = Array.from({ length: 20_000 }, (_, n) => `a${n % 19_999}=${n}`).join('&')
  const start = performance.now()
  const pairs = canonicalQuery(query, true).split('&')
  expect(performance.now() - start).toBeLessThan(3000)
  expect([pairs.length, pairs[0]]).toEqual([19_999, 'a0=0'])
})
