import { describe, expect, it } from 'vitest'

import { nameOf } from '../src/call.ts'
import { readSettings } from '../src/settings.ts'
import { readTarget } from '../src/target.ts'

/** A request as workerd makes it: the URL is the `Host` header and the raw target pasted together. */
function received(host: string, target: string): Request {
  const request = new Request('https://proxy.test/', { headers: { host } })
  Object.defineProperty(request, 'url', { value: `http://${host}${target}` })
  return request
}

describe('the target', () => {
  it.each([
    ['/a/b?c=d', '/a/b', '?c=d'],
    ['/a%2Fb;c//d', '/a%2Fb;c//d', ''],
    ['/a?', '/a', '?'],
    ['/a??b?c', '/a', '??b?c'],
    ["/a'b?c='d'", "/a'b", '?c=%27d%27'],
    ['/a?é', '/a', '?%C3%A9'],
    ['/a?x=/../y', '/a', '?x=/../y'],
    ['', '/', ''],
  ])('%s', (target, path, query) => {
    expect(readTarget(received('h.test:8788', target))).toEqual({ host: 'h.test', path, query })
  })

  it.each([
    '/a/../b',
    '/a/./b',
    '/..',
    '/a/%2e%2e/b',
    '/a/%2E./b',
    String.raw`/a\b`,
    '/é',
    '/a b',
    '*',
    '/a{b}',
    '/a"b',
    '/a<b>',
    `/${'x'.repeat(17_000)}`,
  ])('%s is refused', (target) => {
    expect(readTarget(received('h.test', target))).toBeNull()
  })

  it.each([
    'h.test/admin/y?z=',
    String.raw`h.test\admin`,
    'u:p@h.test',
    'a.test, b.test',
    'a b',
    'h.test:99999',
    'h.test:',
    'h.test#',
    '',
    'h.test/',
    '[::1',
    'h%2ftest',
    'höst',
  ])('with the Host %j is refused', (host) => {
    expect(readTarget(received(host, '/v1/x'))).toBeNull()
  })

  it.each(['[::1]:8788', '127.0.0.1:8788', 'H.Test', 'localhost'])(
    'with the Host %s is read',
    (host) => {
      expect(readTarget(received(host, '/v1/x'))?.path).toBe('/v1/x')
    },
  )
})

describe('the provider that is named', () => {
  const settings = readSettings({ OUTPOST_DOMAIN: 'proxy.example', DEFAULT_PROVIDER: 'Fallback' })
  const target = (host: string, path = '/x') => ({ host, path, query: '' })
  const named = (headers: Record<string, string>, at = target('h'), among = settings) =>
    nameOf(new Headers(headers), at, among)

  it.each([
    [{ 'x-provider': 'GitHub' }, target('h', '/p/slack/x'), 'header', 'github'],
    [{ 'x-broker': 'github' }, target('h'), 'header', 'github'],
    [{ 'x-broker': 'github', 'x-provider': 'GITHUB' }, target('h'), 'header', 'github'],
    [{ 'x-provider': '' }, target('h'), 'header', ''],
    // A kelvin, a long s, a dotted I: what one might take for a letter of a name.
    [{ 'x-provider': '\u212Aube' }, target('h'), 'header', '\u212Aube'],
    [{ 'x-provider': 'S3\u017F' }, target('h'), 'header', 's3\u017F'],
    [{ 'x-provider': '\u0130D' }, target('h'), 'header', '\u0130d'],
    [{}, target('slack.proxy.example', '/p/github/x'), 'host', 'slack'],
    [{ 'x-provider': 'slack' }, target('slack.proxy.example'), 'header', 'slack'],
    [{}, target('h', '/p/Slack/x'), 'path', 'slack'],
    [{}, target('h', '/p/slack'), 'path', 'slack'],
    [{}, target('h', '/p/'), 'path', ''],
    [{}, target('h', '/p'), 'default', 'fallback'],
    [{}, target('proxy.example'), 'default', 'fallback'],
    [{}, target('evilproxy.example'), 'default', 'fallback'],
  ])('%j at %j: by %s, %s', (headers, at, by, name) => {
    expect(named(headers as Record<string, string>, at)).toEqual({ by, name })
  })

  it.each([
    [{ 'x-provider': 'a, b' }, target('h')],
    [{ 'x-provider': 'a, a' }, target('h')],
    [{ 'x-broker': 'a,a' }, target('h')],
    [{ 'x-provider': 'a', 'x-broker': 'b' }, target('h')],
    [{ 'x-provider': 'kube', 'x-broker': '\u212Aube' }, target('h')],
    [{ 'x-provider': 'a' }, target('b.proxy.example')],
  ])('%j at %j is ambiguous', (headers, at) => {
    expect(() => named(headers as Record<string, string>, at)).toThrow(
      expect.objectContaining({ code: 'PROXY_AMBIGUOUS_PROVIDER' }),
    )
  })

  it('is nothing where no default is set', () => {
    expect(named({}, target('x.proxy.example'), readSettings({}))).toEqual({
      by: 'nothing',
      name: '',
    })
  })
})
