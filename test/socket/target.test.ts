import { describe, expect, it } from 'vitest'

import { outpost } from './outpost.ts'
import { ask, head, KEY, values } from './wire.ts'

const at = outpost()

const HOST = 'Host: proxy.test'

interface Outcome {
  readonly status: number
  /** Of the envelope; null for an answer of the upstream's, `workerd` for one of the runtime's own. */
  readonly code: string | null
  /** What the upstream received. */
  readonly targets: readonly string[]
}

async function outcome(target: string, ...lines: string[]): Promise<Outcome> {
  const before = at.upstream.all.length
  const answer = await ask(at.port, head(`GET ${target} HTTP/1.1`, KEY, ...lines))
  if (!answer) throw new Error('no answer')
  const [code = null] = values(answer, 'x-proxy-error')
  const ours = values(answer, 'x-outpost-request-id').length === 1
  if (code !== null) expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code } })
  return {
    status: answer.status,
    code: ours ? code : 'workerd',
    targets: at.upstream.all.slice(before).map((each) => each.target),
  }
}

const BAD_PATH = { status: 400, code: 'PROXY_BAD_PATH', targets: [] }
const UNKNOWN = { status: 400, code: 'PROXY_UNKNOWN_PROVIDER', targets: [] }
const BY_WORKERD = { status: 400, code: 'workerd', targets: [] }
const sentAs = (target: string): Outcome => ({ status: 200, code: null, targets: [target] })

/** platform.md §3: what plain workerd puts into `request.url`, which `new URL` and `fetch` change. */
describe('a request target', () => {
  it.each([
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/.%2e/b',
    '/a/%2E./b',
    '/a/./b',
    '/a/.',
    '/a/..',
    '/..',
    '/.',
    '/a\\b',
    '/a\\..\\b',
    '/a/..%2fb',
    '/a%2fb',
    '/a%2Fb',
    '/a/%5c..%5cb',
    '/a/..;/b',
    '/a/..;x=1/b',
    '/a/%2e%2e;/b',
    '/a%00',
    '/a%0d%0ab',
    '/a%1f',
    '/a%7f',
    '/a%c2%85b',
    '/a%ff%fe',
    '/a%c0%af',
    '/a%ed%a0%80',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%252e',
    '/a/%252e%252e/b',
    '/a%252fb',
    '/a%255cb',
    '/a%252525',
    '/a%2500',
    '/%EF%BC%8E%EF%BC%8E/b',
    '/a/%E2%80%A5/b',
    '/a/%20../b',
    '/\xc3\xa9',
    '/a"b',
    '/a{b}',
    '/a^b',
    '*',
    'http://other.test/a/../b',
    '/a/../b?c',
    `/${'a'.repeat(8192)}`,
    `/a?${'b'.repeat(17_000)}`,
  ])('%s is refused', async (target) => {
    expect(await outcome(target, HOST, 'X-Provider: plain')).toEqual(BAD_PATH)
  })

  it.each([
    '/\xe9',
    '/a\tb',
    '/a<b',
    '/a>b',
    '/a`b',
    '/a b',
    'foo/bar',
    '?a=b',
    '#',
    '/a?\xe9',
    '/a?"',
  ])('%s is refused by workerd', async (target) => {
    expect(await outcome(target, HOST, 'X-Provider: plain')).toEqual(BY_WORKERD)
  })

  it('one that is very long is refused by workerd', async () => {
    const found = await outcome(`/${'a'.repeat(70_000)}`, HOST, 'X-Provider: plain')
    expect(found).toEqual({ status: 414, code: 'workerd', targets: [] })
  })

  it.each([
    ['/a//b', '/a//b'],
    ['//a/b', '//a/b'],
    ['///a', '///a'],
    ['//', '//'],
    ['/a;p/b', '/a;p/b'],
    ['/a./b', '/a./b'],
    ['/a.../b', '/a.../b'],
    ['/a%25', '/a%25'],
    ['/%7Ea%2a', '/%7Ea%2a'],
    ['/a%20b', '/a%20b'],
    ['/caf%C3%a9', '/caf%C3%a9'],
    ['/a|b', '/a|b'],
    ['/?', '/?'],
    ['/a?', '/a?'],
    ['/a??', '/a??'],
    ['/a?b?c', '/a?b?c'],
    ['/a?%', '/a?%'],
    ['/a?../..', '/a?../..'],
    ['/a?\\', '/a?\\'],
    ['/a?{}|^`', '/a?{}|^`'],
    ['/a?%2e%00%zz', '/a?%2e%00%zz'],
    // URL parsing writes these two in another way, which `fetch` does too: target.ts.
    ["/a?'x", '/a?%27x'],
    ['/a?\xc3\xa9', '/a?%C3%A9'],
    // A fragment is no part of a request.
    ['/a#frag', '/a'],
    ['/a?b#c', '/a?b'],
    ['/a#?b', '/a'],
    // The absolute form: the host in it is ignored, as workerd does.
    ['http://other.test/x', '/x'],
    ['https://other.test/x?y', '/x?y'],
    ['http://other.test', '/'],
    // What workerd makes of a target without a slash.
    ['foo', '/'],
  ])('%s goes as %s', async (target, sent) => {
    expect(await outcome(target, HOST, 'X-Provider: plain')).toEqual(sentAs(`/base${sent}`))
    expect(await outcome(target, HOST, 'X-Provider: root')).toEqual(sentAs(sent))
  })

  it.each([
    ['/p/plain/x', sentAs('/base/x')],
    ['/p/plain//x', sentAs('/base//x')],
    ['/p/plain', sentAs('/base/')],
    ['http://other.test/p/plain/x', sentAs('/base/x')],
    ['/p/plain/../bearer/x', BAD_PATH],
    ['/p/plain/%2e%2e/bearer/x', BAD_PATH],
    ['/p/%2e%2e/healthz', BAD_PATH],
    ['/p/plain%2f..%2fbearer/x', UNKNOWN],
    ['/p/plain%2fx', UNKNOWN],
    ['//p/plain/x', UNKNOWN],
    ['/p//plain/x', UNKNOWN],
    ['/%70/plain/x', UNKNOWN],
    ['/P/plain/x', UNKNOWN],
    ['/p;x/plain/x', UNKNOWN],
  ])('%s names a provider as written, or none', async (target, expected) => {
    expect(await outcome(target, HOST)).toEqual(expected)
  })

  it.each([
    '/_outpost/../x',
    '/x/../_outpost/status',
    '/%5foutpost/status',
    '//_outpost/status',
    '/_OUTPOST/status',
    '/_outpost%2fstatus',
  ])('%s does not reach the control plane', async (target) => {
    const found = await outcome(target, HOST, 'X-Provider: plain')
    expect(found.code === null || found.code === 'PROXY_BAD_PATH').toBe(true)
  })
})

/** The runtime pastes it into `request.url` as it comes. */
describe('a Host header', () => {
  it.each([
    'h/admin/y?z=',
    'h\\admin\\',
    'u:p@h',
    '@h',
    'a b',
    'h:99999',
    'h:',
    'h:8 0',
    'h:+80',
    'h#',
    'h?',
    'h?x=',
    'h%2f',
    'h\tx',
    'a,b',
    'a.test, b.test',
    '::1',
    '[::1',
    '[::1]x',
    '1.2.3.4.5',
    '\xc3\xa9',
    'proxy.test/../_outpost/status?',
    'plain.outpost.test/admin',
    'plain.outpost.test\\.evil.test',
    'h/p/bearer',
  ])('%s is refused', async (host) => {
    expect(await outcome('/v1/x', `Host: ${host}`, 'X-Provider: plain')).toEqual(BAD_PATH)
    expect(await outcome('/healthz', `Host: ${host}`)).toEqual(BAD_PATH)
  })

  it.each([['Host:'], ['X-No-Host: 1']])('%s is refused by workerd', async (line) => {
    expect(await outcome('/v1/x', line, 'X-Provider: plain')).toEqual(BY_WORKERD)
  })

  it.each([
    ['a.test', 'b.test'],
    ['a.test', 'a.test'],
    ['plain.outpost.test', 'bearer.outpost.test'],
  ])('two of them (%s, %s) are refused', async (one, other) => {
    const found = await outcome('/v1/x', `Host: ${one}`, `Host: ${other}`, 'X-Provider: plain')
    expect(found).toEqual(BAD_PATH)
  })

  it.each(['h', 'H', 'h:80', 'h:0080', '[::1]', '[::1]:80', '127.1', '0x7f.1', 'a..b', '-', 'a_b'])(
    '%s changes nothing',
    async (host) => {
      const found = await outcome('/v1/x', `Host: ${host}`, 'X-Provider: plain')
      expect(found).toEqual(sentAs('/base/v1/x'))
    },
  )

  it.each([
    ['plain.outpost.test', sentAs('/base/v1/x')],
    ['PLAIN.Outpost.TEST:81', sentAs('/base/v1/x')],
    ['plain.outpost.test.', sentAs('/base/v1/x')],
    ['x.plain.outpost.test', UNKNOWN],
    ['.outpost.test', UNKNOWN],
    ['outpost.test', UNKNOWN],
    ['plainoutpost.test', UNKNOWN],
    ['plain.outpost.test.evil.test', UNKNOWN],
  ])('%s names a provider, or none', async (host, expected) => {
    expect(await outcome('/v1/x', `Host: ${host}`)).toEqual(expected)
  })

  it('counts, not the host of an absolute target', async () => {
    const found = await outcome('http://plain.outpost.test/x', 'Host: proxy.test')
    expect(found).toEqual(UNKNOWN)
  })
})
