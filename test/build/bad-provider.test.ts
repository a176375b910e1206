import { expect, it } from 'vitest'

import { problemsOf, vectors } from './compiled.ts'

function at(problem: string): unknown {
  return expect.stringContaining(`providers/x.yaml:${problem}`)
}

it.each(vectors('bad-keys.yaml'))('refuses $what', async ({ add, problem }) => {
  const text = `name: x\nbase_url: https://x.test\nauth: none\n${add}\n`
  expect(await problemsOf(text)).toEqual([at(problem)])
})

it.each(vectors('bad-rules.yaml'))('refuses a rule with $what', async ({ rule, problem }) => {
  const text = `name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n  allow:\n    - ${rule}\n`
  expect(await problemsOf(text)).toEqual([at(problem)])
})

it('checks deny like allow', async () => {
  const text =
    'name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n  deny: [/a, b, /c/../d]\n'
  expect(await problemsOf(text)).toEqual([
    at('5:14  forwarding.deny[1]: a pattern begins with "/"'),
    at('5:17  forwarding.deny[2]: no dot segments'),
  ])
})

it.each(vectors('bad-files.yaml'))('refuses $what', async ({ file = '', problem }) => {
  expect(await problemsOf(file)).toEqual([at(problem)])
})

it('gives an example when auth is missing', async () => {
  expect(await problemsOf('name: x\nbase_url: https://x.test\n')).toEqual([
    at('1:1  auth: missing; expected a map such as { type: bearer_static, env: GITHUB_TOKEN }'),
  ])
})

const URLS: readonly (readonly [string, string])[] = [
  ['ftp://x.test', 'expected a URL that begins with https:// or http://'],
  ['x.test', 'expected a URL that begins with https:// or http://'],
  ['https://user:hunter2@x.test', 'no user name or password in a URL'],
  ['https://x.test/a?b=c', 'no query and no fragment'],
  ['"https://x.test/#a"', 'no query and no fragment'],
  ['https://x.test/a/../b', 'the path has a dot segment'],
  ['https://x.test/a/%2e%2E/b', 'the path has a dot segment'],
  ['https://x.test/a//b', 'the path has an empty segment'],
  ['https://x.test/a//', 'the path has an empty segment'],
  ["'https://x.test\\a'", 'no backslash'],
  ['https://x.test/a%2fb', 'the path has a percent code'],
  ['https://x.test/a%5Cb', 'the path has a percent code'],
  ['https://x.test/a%252e', 'the path has a percent code'],
  ['https://x.test/%zz', 'the path has a percent code'],
  ['https://x.test/a b', 'a URL has no spaces'],
  ['"https://x.test/{a}"', 'the path has a character that must be percent-encoded'],
  ['"https://{tenant}.test"', 'the host or port is not valid'],
  ['https://x.test:99999', 'the host or port is not valid'],
  ['https://[::1', 'the host or port is not valid'],
  ['https://', 'the host or port is not valid'],
  ['[https://x.test]', 'expected a URL such as https://api.example.com, found a list'],
]

it.each(URLS)('refuses base_url: %s', async (url, message) => {
  const found = await problemsOf(`name: x\nbase_url: ${url}\nauth: none\n`)
  expect(found).toEqual([at(`2:11  base_url: ${message}`)])
})

it('tells everything that is wrong at once', async () => {
  const text = [
    'name: a.b',
    'base_url: ftp://x.test',
    'auth: { type: bearer_static, evn: A, header: Host }',
    'deny: [/a]',
    'timeout_ms: x',
    'forwarding:',
    '  mode: open',
    '  allow:',
    '    - { method: GETT, pattern: a, pth: b }',
    '    - { method: GET }',
  ].join('\n')
  expect((await problemsOf(text)).map((each) => each.split(': ')[0])).toEqual([
    'providers/x.yaml:1:7  name',
    'providers/x.yaml:2:11  base_url',
    'providers/x.yaml:3:30  auth.evn',
    'providers/x.yaml:3:46  auth.header',
    'providers/x.yaml:4:1  deny',
    'providers/x.yaml:5:13  timeout_ms',
    'providers/x.yaml:7:9  forwarding.mode',
    'providers/x.yaml:9:17  forwarding.allow[0].method',
    'providers/x.yaml:9:32  forwarding.allow[0].pattern',
    'providers/x.yaml:9:35  forwarding.allow[0].pth',
    'providers/x.yaml:10:7  forwarding.allow[1]',
  ])
})

it('tells of every value that needs quotes', async () => {
  expect(await problemsOf('name: @x\nbase_url: `x`\nauth: none\n')).toEqual([
    at('1:7  a value that begins with this character needs quotes'),
    at('2:11  a value that begins with this character needs quotes'),
  ])
})

it.each(['[', '{ a: ', '- '])('refuses what is nested without end: %s', async (open) => {
  const problems = await problemsOf(`name: x\nbase_url:\n  ${open.repeat(20_000)}\n`)
  expect(problems).toContainEqual(expect.stringMatching(/ {2}this is nested too deeply$/))
})
