import { describe, expect, it } from 'vitest'

import { permitted } from '../../src/policy/decision.ts'
import { changedLinks } from '../../src/rewrite/link.ts'
import { targetForAgent, urlForAgent } from '../../src/rewrite/url.ts'
import { aCall, aCaller, aProvider, decided } from '../builders.ts'

const GITHUB = aProvider({ name: 'github', base_url: 'https://api.test/v3' })
const KEYED = aProvider({
  base_url: 'https://api.test',
  auth: { type: 'api_key_query', secret: { env: 'X' }, param: 'key', invalidate_on: [] },
})

function permitFor(provider: typeof GITHUB, by: 'path' | 'header' = 'path') {
  const named = { by, name: provider.name }
  const call = { ...aCall('GET', '/a/b'), named, origin: 'https://proxy.test' }
  return permitted(decided(aCaller(), provider, call))
}

describe('a Link', () => {
  it.each<[string, string, string]>([
    // https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
    [
      'of GitHub’s',
      '<https://api.test/v3/repos?page=2>; rel="next", <https://api.test/v3/repos?page=9>; rel="last"',
      '<https://proxy.test/p/github/repos?page=2>; rel="next", <https://proxy.test/p/github/repos?page=9>; rel="last"',
    ],
    ['with a path', '</v3/x>; rel=next', '<https://proxy.test/p/github/x>; rel=next'],
    ['relative', '<?page=2>;rel=next', '<https://proxy.test/p/github/a/b?page=2>;rel=next'],
    ['above the base', '</x>; rel=help', '<https://api.test/x>; rel=help'],
    ['elsewhere', '<https://docs.test/x?a=b>; rel=help', '<https://docs.test/x?a=b>; rel=help'],
    [
      'with commas and brackets in quotes',
      '</v3/a>; title="one, </v3/x>; \\"two\\""; rel=next,</v3/b>',
      '<https://proxy.test/p/github/a>; title="one, </v3/x>; \\"two\\""; rel=next,<https://proxy.test/p/github/b>',
    ],
    [
      'with empty members (RFC 9110 §5.6.1)',
      ' , </v3/a>,, ',
      ' , <https://proxy.test/p/github/a>,, ',
    ],
    ['that is none', 'nonsense', 'nonsense'],
    [
      'that breaks off',
      '</v3/a>; title="x, </v3/b>',
      '<https://proxy.test/p/github/a>; title="x, </v3/b>',
    ],
    ['without its bracket', '</v3/a', '</v3/a'],
    ['that is no URL', '<https://[bad>; rel=next', '<https://[bad>; rel=next'],
    ['that is empty', '', ''],
  ])('%s', (_title, link, expected) => {
    const permit = permitFor(GITHUB)
    const change = (target: string) => targetForAgent(target, 'https://api.test/v3/a/b', permit)
    expect(changedLinks(link, change)).toBe(expected)
  })

  it('of any length is read once', () => {
    const start = performance.now()
    for (const text of ['<', '<a>;"', '<a>,', ' ,', '"\\']) {
      changedLinks(text.repeat(20_000), (target) => target)
    }
    expect(performance.now() - start).toBeLessThan(500)
  })
})

describe('a URL', () => {
  it.each<[string, string, string]>([
    ['of the provider', 'https://api.test/v3/x?a=b#c', 'https://proxy.test/p/github/x?a=b#c'],
    ['its base', 'https://api.test/v3', 'https://proxy.test/p/github/'],
    ['in other letters', 'HTTPS://API.test:443/v3/x', 'https://proxy.test/p/github/x'],
    ['with user info', 'https://u:p@api.test/v3/x', 'https://proxy.test/p/github/x'],
    // RFC 6570, as GitHub's API has it.
    [
      'a template',
      'https://api.test/v3/x{/sha}{?page,per_page}',
      'https://proxy.test/p/github/x{/sha}{?page,per_page}',
    ],
    ['with dots', 'https://api.test/v3/../x', 'https://api.test/v3/../x'],
    [
      'that leads out',
      'https://api.test/v3/%2e%2e/_outpost/status',
      'https://api.test/v3/%2e%2e/_outpost/status',
    ],
    ['of a sibling', 'https://api.test/v30/x', 'https://api.test/v30/x'],
    ['of another host', 'https://evil.test/v3/x', 'https://evil.test/v3/x'],
    ['of another scheme', 'http://api.test/v3/x', 'http://api.test/v3/x'],
    ['that is a path', '/v3/x', '/v3/x'],
    ['that is none', 'see https://api.test/v3/x', 'see https://api.test/v3/x'],
  ])('%s', (_title, url, expected) => {
    expect(urlForAgent(url, permitFor(GITHUB))).toBe(expected)
  })

  it('has no prefix where each call names the provider by a header', () => {
    const permit = permitFor(GITHUB, 'header')
    expect(urlForAgent('https://api.test/v3/x', permit)).toBe('https://proxy.test/x')
    // Whose path that would be, is ours to say.
    const own = 'https://api.test/v3/_outpost/status'
    expect(urlForAgent(own, permit)).toBe(own)
  })

  it.each([
    ['https://api.test/x?a=1&key=SECRET', 'https://proxy.test/p/api/x?a=1'],
    ['https://api.test/x??key=SECRET', 'https://proxy.test/p/api/x??key=SECRET'],
  ])('%s is without the credential’s parameter', (url, expected) => {
    expect(urlForAgent(url, permitFor(KEYED))).toBe(expected)
  })
})
