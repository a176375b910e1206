import { describe, expect, it } from 'vitest'

import type { Call } from '../src/call.ts'
import { Unreadable } from '../src/content/content.ts'
import { deedsOf } from '../src/policy/beside.ts'
import { decide } from '../src/policy/decide.ts'
import { aws } from '../src/protocols/aws.ts'
import { awsProviderOf } from '../src/protocols/aws_provider.ts'
import { aCall, aCaller, aProvider, aRule } from './builders.ts'

const auth = {
  type: 'aws_sigv4',
  access_key_id: { env: 'X' },
  secret_access_key: { env: 'Y' },
  session_token: null,
  region: 'eu-central-1',
  service: 's3',
  invalidate_on: [],
} as const

const at = (base_url: string, service = 's3') => aProvider({ base_url, auth: { ...auth, service } })
const S3 = at('https://s3.eu-central-1.amazonaws.com')
const VIRTUAL = at('https://my.bucket.s3.eu-central-1.amazonaws.com')
const BELOW = at('https://s3.example/bucket')

function call(
  method: string,
  path: string,
  query = '',
  headers: Record<string, string> = {},
): Call {
  const made = aCall(method, path, query)
  return { ...made, request: new Request(made.request, { headers }) }
}

const copy = (source: string, query = '') =>
  call('PUT', '/b/new', query, { 'x-amz-copy-source': source })
const body = (text: string) => ({ bytes: new TextEncoder().encode(text), whole: true })
const many = call('POST', '/b', '?delete')
const deletes = (...keys: readonly string[]) =>
  body(`<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`)

describe('a copy reads its source', () => {
  it.each([
    [S3, copy('b/k'), '/b/k'],
    [S3, copy('/b/a%20b?versionId=x.y_z'), '/b/a%20b'],
    [VIRTUAL, copy('my.bucket/k'), '/k'],
    [BELOW, copy('/bucket/x/k'), '/x/k'],
    [S3, call('PUT', '/b/new', '?X-Amz-Copy-Source=%2Fb%2Fk'), '/b/k'],
  ])('%#: below the base URL', (provider, made, path) => {
    expect(deedsOf(provider, made, null)).toEqual([
      { method: 'GET', path, by: 'x-amz-copy-source' },
    ])
  })

  it.each([
    [S3, copy('arn:aws:s3:eu-central-1:1:accesspoint/a/object/k')],
    [VIRTUAL, copy('other/k')],
    [BELOW, copy('/bucket2/k')],
    [S3, copy('b/../c/k')],
    [S3, copy('b/%2e%2e/k')],
    [S3, copy('b/a+b')],
    [S3, copy('b/%zz')],
    [S3, copy('b%2Fk')],
    [S3, copy('b/k, b/other')],
    [S3, copy('b/k?versionId=1&x=2')],
    [S3, copy('b/k?acl')],
    [S3, copy('b/k', '?x-amz-copy-source=b/other')],
    [S3, call('PUT', '/b/new', '', { x_amz_copy_source: 'b/k' })],
    [S3, call('PUT', '/b/new', '', { 'x-amz-rename-source': '/k' })],
  ])('%#: or is refused', (provider, made) => {
    expect(deedsOf(provider, made, null)).toBeInstanceOf(Unreadable)
  })

  it('and of another provider nothing is looked at', () => {
    expect(deedsOf(aProvider(), copy('b/../c'), null)).toEqual([])
  })
})

describe('many deletes at once', () => {
  it('are read, and named', () => {
    expect(deedsOf(S3, many, null)).toBe('unread')
    const text =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a &amp; b/&#xe4;</Key><VersionId>1</VersionId></Object><Quiet>true</Quiet></Delete>'
    expect(deedsOf(S3, many, body(text))).toEqual([
      { method: 'DELETE', path: '/b/a%20%26%20b/%C3%A4', by: 'the body' },
    ])
  })

  it.each([
    call('POST', '/b/key', '?delete'),
    call('POST', '/b', '?uploads'),
    call('PUT', '/b', '?delete'),
  ])('%#: nothing else is read', (made) => {
    expect(deedsOf(S3, made, null)).toEqual([])
  })

  it('in any spelling of the parameter that S3 takes', () => {
    expect(deedsOf(S3, call('POST', '/b', '?%64elete='), null)).toBe('unread')
  })

  it.each([
    ['a comment', '<Delete><!-- --><Object><Key>a</Key></Object></Delete>'],
    ['CDATA', '<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>'],
    ['an entity', '<!DOCTYPE d [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>'],
    ['an unknown entity', '<Delete><Object><Key>&e;</Key></Object></Delete>'],
    ['a bare ampersand', '<Delete><Object><Key>a&b</Key></Object></Delete>'],
    ['two keys', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>'],
    ['no key', '<Delete><Object></Object></Delete>'],
    ['a key outside', '<Delete><Key>a</Key></Delete>'],
    ['an attribute', '<Delete><Object><Key x="1">a</Key></Object></Delete>'],
    ['a prefix', '<s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"></s:Delete>'],
    ['another namespace', '<Delete xmlns="urn:x"><Object><Key>a</Key></Object></Delete>'],
    ['something behind', '<Delete><Object><Key>a</Key></Object></Delete><Delete></Delete>'],
    [
      'an object in an object',
      '<Delete><Object><Key>a</Key><Object><Key>b</Key></Object></Object></Delete>',
    ],
    ['text', '<Delete>x<Object><Key>a</Key></Object></Delete>'],
    ['a line end that XML changes', '<Delete><Object><Key>a\r</Key></Object></Delete>'],
    ['a blank that is none of XML’s', '\u00a0<Delete><Object><Key>a</Key></Object></Delete>'],
    ['a mark', '\ufeff<Delete><Object><Key>a</Key></Object></Delete>'],
    [
      'another encoding',
      '<?xml version="1.0" encoding="UTF-7"?><Delete><Object><Key>a</Key></Object></Delete>',
    ],
    ['dot segments', '<Delete><Object><Key>a/../b</Key></Object></Delete>'],
    ['too many', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`],
    ['nothing', ''],
  ])('%s is refused', (_title, text) => {
    expect(deedsOf(S3, many, body(text))).toBeInstanceOf(Unreadable)
  })

  it('a body in another coding is refused', () => {
    const coded = call('POST', '/b', '?delete', { 'content-encoding': 'aws-chunked' })
    expect(deedsOf(S3, coded, deletes('a'))).toBeInstanceOf(Unreadable)
  })
})

describe('what a call does beside is judged as if it were asked for alone', () => {
  const strict = (over: object) =>
    aProvider({
      base_url: S3.base_url,
      auth,
      forwarding: { treat_writes_as_sensitive: false, ...over },
    })
  const denies = strict({ deny: ['/b/private/**'] })
  const lists = strict({
    mode: 'allowlist',
    allow: [
      aRule(['PUT', 'POST'], '/b/**'),
      aRule(['GET', 'DELETE'], '/b/open/**', { sensitive: true }),
    ],
  })
  const caller = aCaller({ can_call_sensitive: true })
  const may = (
    provider: ReturnType<typeof strict>,
    made: Call,
    content: ReturnType<typeof body> | null = null,
  ) => decide(caller, provider, made, content)

  it.each([
    [denies, copy('b/private/x'), null, 'PROXY_PATH_DENIED'],
    [denies, copy('b/Private%2Fx'), null, 'PROXY_BAD_REQUEST'],
    [denies, copy('b//private/x'), null, 'PROXY_PATH_DENIED'],
    [denies, copy('/b/%70rivate/x?versionId=1'), null, 'PROXY_PATH_DENIED'],
    [denies, many, deletes('a', 'private/x'), 'PROXY_PATH_DENIED'],
    [lists, copy('b/x'), null, 'PROXY_NO_ROUTE'],
    [lists, many, deletes('open/a', 'b'), 'PROXY_NO_ROUTE'],
  ])('%#: and refused', (provider, made, content, code) => {
    expect(may(provider, made, content)).toMatchObject({ allow: false, code })
  })

  it.each([
    [denies, copy('b/x'), null, false],
    [denies, many, deletes('a'), false],
    [lists, copy('b/open/x'), null, true],
    [lists, many, deletes('open/a'), true],
  ])('%#: or allowed, and as sensitive as that is', (provider, made, content, sensitive) => {
    expect(may(provider, made, content)).toMatchObject({ allow: true, permit: { sensitive } })
  })
})

describe('operations of AWS', () => {
  const name = (provider: ReturnType<typeof at>, made: Call) => {
    const config = awsProviderOf(provider)
    if (!config || aws.wants(made, config) === null) return null
    return aws.read(made, config, null).name
  }

  it.each([
    [S3, call('GET', '/'), 's3:ListBuckets'],
    [S3, call('GET', '/b'), 's3:ListObjects'],
    [S3, call('GET', '/b/', '?list-type=2&prefix=acl'), 's3:ListObjectsV2'],
    [S3, call('GET', '/b', '?location'), 's3:GetBucketLocation'],
    [S3, call('PUT', '/b', '?policy'), 's3:PutBucketPolicy'],
    [S3, call('HEAD', '/b'), 's3:HeadBucket'],
    [S3, call('POST', '/b', '?delete'), 's3:DeleteObjects'],
    [S3, call('GET', '/b/a/b', '?x-id=GetObject'), 's3:GetObject'],
    [S3, call('GET', '/b/k', '?tagging&versionId=1'), 's3:GetObjectTagging'],
    [S3, call('PUT', '/b/k', '?partNumber=1&uploadId=x'), 's3:UploadPart'],
    [S3, call('POST', '/b/k', '?uploads'), 's3:CreateMultipartUpload'],
    [S3, call('POST', '/b/k', '?uploadId=x'), 's3:CompleteMultipartUpload'],
    [S3, call('DELETE', '/b/k', '?uploadId=x'), 's3:AbortMultipartUpload'],
    [S3, copy('b/k'), 's3:CopyObject from /b/k'],
    [S3, call('GET', '/b/k', '?acl&tagging'), null],
    [S3, call('POST', '/b/k'), null],
    [VIRTUAL, call('GET', '/', '?list-type=2'), 's3:ListObjectsV2'],
    [VIRTUAL, call('PUT', '/k'), 's3:PutObject'],
    [
      at('https://dynamodb.test', 'dynamodb'),
      call('POST', '/', '', { 'x-amz-target': 'DynamoDB_20120810.GetItem' }),
      'dynamodb:GetItem',
    ],
    [
      at('https://ec2.test', 'ec2'),
      call('GET', '/', '?Action=DescribeInstances&Version=1'),
      'ec2:DescribeInstances',
    ],
    [at('https://ec2.test', 'ec2'), call('GET', '/', '?Action=A&Action=B'), null],
    [at('https://sqs.test', 'sqs'), call('POST', '/', ''), null],
    [at('https://x.test', 'x'), call('POST', '/', '', { 'x-amz-target': 'A.B, A.C' }), null],
    [aProvider(), call('GET', '/'), null],
  ])('%#', (provider, made, expected) => {
    expect(name(provider, made)).toBe(expected)
  })

  it('that is too long to be shown is another with another end', () => {
    const long = `b/${'x'.repeat(300)}`
    const [one, other] = [name(S3, copy(`${long}1`)), name(S3, copy(`${long}2`))]
    expect([one?.length, one === other]).toEqual([200, false])
  })
})
