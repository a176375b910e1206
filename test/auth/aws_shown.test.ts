import { describe, expect, it } from 'vitest'

import { presentedIn, slotsOf } from '../../src/presented.ts'
import { keyIdsIn, shownIn } from '../../src/sigv4/shown.ts'
import { aCatalog, aProvider } from '../builders.ts'

const TOKEN = `op_${'a'.repeat(43)}`
const OTHER = `op_${'b'.repeat(43)}`
const SCOPE = '20130524/us-east-1/s3/aws4_request'
const SIGNATURE = 'f'.repeat(64)
const REST = `SignedHeaders=host;x-amz-date, Signature=${SIGNATURE}`

const header = (credential: string) => `AWS4-HMAC-SHA256 Credential=${credential}, ${REST}`

describe('the ids of keys in Authorization', () => {
  it.each([
    ['as SDKs write it', header(`${TOKEN}/${SCOPE}`), [TOKEN]],
    [
      'without blanks',
      `AWS4-HMAC-SHA256 Credential=${TOKEN}/${SCOPE},${REST.replace(' ', '')}`,
      [TOKEN],
    ],
    ['in another order', `AWS4-HMAC-SHA256 ${REST}, Credential=${TOKEN}/${SCOPE}`, [TOKEN]],
    ['in small letters', `aws4-hmac-sha256 Credential=${TOKEN}/${SCOPE}`, [TOKEN]],
    ['of another algorithm', `AWS4-ECDSA-P256-SHA256 Credential=${TOKEN}/${SCOPE}`, [TOKEN]],
    ['of version 2', `AWS ${TOKEN}:c2lnbmF0dXJl`, [TOKEN]],
    ['two of them', `${header(`${TOKEN}/${SCOPE}`)}, Credential=${OTHER}/${SCOPE}`, [TOKEN, OTHER]],
    ['a key of a host entry', header(`key-of_a.host/${SCOPE}`), ['key-of_a.host']],
    ['nothing but the id', header(TOKEN), [TOKEN]],
    ['no credential', `AWS4-HMAC-SHA256 ${REST}`, []],
    ['another name', `AWS4-HMAC-SHA256 MyCredential=${TOKEN}/${SCOPE}`, []],
    ['Bearer', `Bearer ${TOKEN}`, []],
    ['a scheme that begins so', `AWSX ${TOKEN}:x`, []],
  ])('%s', (_title, value, expected) => {
    expect(keyIdsIn(value)).toEqual(expected)
  })
})

const PRESIGNED = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': `${TOKEN}/${SCOPE}`,
  'X-Amz-Date': '20130524T000000Z',
  'X-Amz-Expires': '86400',
  'X-Amz-SignedHeaders': 'host',
  'X-Amz-Signature': SIGNATURE,
}

function query(over: Record<string, string | undefined> = {}, more = ''): string {
  const all = Object.entries({ ...PRESIGNED, ...over }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return all.join('&') + more
}

const shown = (authorization: string | null, search = '') =>
  shownIn({ headers: new Headers(authorization === null ? {} : { authorization }), query: search })

describe('how a request is signed', () => {
  const scope = { region: 'us-east-1', service: 's3' }

  it.each([
    ['not at all', shown(null), { in: 'nothing' }],
    ['with a bearer', shown(`Bearer ${TOKEN}`), { in: 'nothing' }],
    ['in the header', shown(header(`${TOKEN}/${SCOPE}`)), { in: 'header', scope }],
    [
      'in the query',
      shown(null, query()),
      { in: 'query', scope, at: Date.UTC(2013, 4, 24), seconds: 86_400, payload: null },
    ],
    [
      'in the query, with a payload, by an agent with a bearer',
      shown(`Bearer ${TOKEN}`, query({ 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' })),
      {
        in: 'query',
        scope,
        at: Date.UTC(2013, 4, 24),
        seconds: 86_400,
        payload: 'UNSIGNED-PAYLOAD',
      },
    ],
  ])('%s', (_title, found, expected) => {
    expect(found).toEqual(expected)
  })

  it.each([
    ['both ways', shown(header(`${TOKEN}/${SCOPE}`), query())],
    ['both ways, with one parameter', shown(header(`${TOKEN}/${SCOPE}`), 'X-Amz-Signature=1')],
    ['by two credentials', shown(`${header(`${TOKEN}/${SCOPE}`)}, Credential=${OTHER}/${SCOPE}`)],
    ['by no credential', shown(`AWS4-HMAC-SHA256 ${REST}`)],
    ['for another algorithm', shown(`AWS4-ECDSA-P256-SHA256 Credential=${TOKEN}/${SCOPE}`)],
    ['by version 2', shown(`AWS ${TOKEN}:c2ln`)],
    ['for no scope', shown(header(TOKEN))],
    ['for a scope that is none', shown(header(`${TOKEN}/20130524/us-east-1/s3/aws4_request/x`))],
    ['for a region that is none', shown(header(`${TOKEN}/20130524/us_east/s3/aws4_request`))],
    [
      'for a scope with line ends in it',
      shown(null, query({ 'X-Amz-Credential': `${TOKEN}/20130524/a\nb/s3/aws4_request` })),
    ],
    ['presigned twice', shown(null, query({}, `&X-Amz-Credential=${OTHER}/${SCOPE}`))],
    [
      'presigned twice, in another spelling',
      shown(null, query({}, `&x%2Damz_date=20130524T000000Z`)),
    ],
    ['presigned by version 2', shown(null, `AWSAccessKeyId=${TOKEN}&Signature=a&Expires=1`)],
    [
      'presigned by another algorithm',
      shown(null, query({ 'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256' })),
    ],
    ['presigned for nothing', shown(null, query({ 'X-Amz-Credential': undefined }))],
    ['presigned at no time', shown(null, query({ 'X-Amz-Date': '20131324T000000Z' }))],
    ['presigned for ever', shown(null, query({ 'X-Amz-Expires': undefined }))],
    ['presigned for more than seven days', shown(null, query({ 'X-Amz-Expires': '604801' }))],
    ['presigned for no time', shown(null, query({ 'X-Amz-Expires': '0' }))],
    ['presigned for less', shown(null, query({ 'X-Amz-Expires': '-1' }))],
  ])('%s cannot be read in one way', (_title, found) => {
    expect(found.in).toBe('two ways')
  })
})

describe('a key that stands where SDKs put it', () => {
  const s3 = aProvider({
    name: 's3',
    auth: {
      type: 'aws_sigv4',
      access_key_id: { env: 'X' },
      secret_access_key: { env: 'Y' },
      session_token: null,
      region: null,
      service: null,
      invalidate_on: [],
    },
  })
  const slots = slotsOf(aCatalog([s3, aProvider({ name: 'other' })]))

  function presented(headers: Record<string, string>, search = '') {
    const request = new Request(`https://proxy.test/a${search}`, { headers })
    const named = { by: 'header', name: 'other' } as const
    return presentedIn({ method: 'GET', path: '/a', query: search, named, request }, slots)
  }

  it.each([
    ['in the header', { authorization: header(`${TOKEN}/${SCOPE}`) }, ''],
    ['in the query', {}, `?a=1&${query()}`],
    ['in the query of version 2', {}, `?AWSAccessKeyId=${TOKEN}&Signature=x&Expires=1`],
  ])('%s is seen', (_title, headers, search) => {
    expect(presented(headers, search).deciding).toContain(TOKEN)
    expect(presented(headers, search).all).toContain(TOKEN)
  })

  it('and what it stood in goes to no other provider either', () => {
    expect(presented({}, `?${query()}`).carriers(TOKEN).params).toEqual(['X-Amz-Credential'])
  })

  it('X-Outpost-Auth decides alone', () => {
    const both = { authorization: header(`${TOKEN}/${SCOPE}`), 'x-outpost-auth': OTHER }
    expect(presented(both).deciding).toEqual([OTHER])
    expect(presented(both).all).toContain(TOKEN)
  })

  it('a token that is no key’s id is not seen in the scope', () => {
    const odd = header(`AKIA/20130524/${TOKEN}/s3/aws4_request`)
    expect(presented({ authorization: odd }).deciding).not.toContain(TOKEN)
  })
})
