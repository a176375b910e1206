import { describe, expect, it } from 'vitest'

import { rewriteLocation } from '../src/location.ts'
import { permitted } from '../src/policy/decision.ts'
import { aCall, aCaller, aProvider, decided } from './builders.ts'

const provider = aProvider({
  base_url: 'https://api.test/v2',
  auth: { type: 'api_key_query', secret: { env: 'X' }, param: 'key', invalidate_on: [] },
})

function rewritten(location: string, by: 'header' | 'path' | 'default' = 'header') {
  const call = { ...aCall('GET', '/a/b'), named: { by, name: 'api' } }
  const permit = permitted(decided(aCaller(), provider, call))
  return rewriteLocation(location, 'https://api.test/v2/a/b?key=SECRET', permit)
}

describe('a Location', () => {
  it.each([
    ['inside', 'https://api.test/v2/c?x=1#f', '/c?x=1#f'],
    ['inside, a path', '/v2/c', '/c'],
    ['inside, relative', 'c', '/a/c'],
    ['inside, relative with dots', '../c', '/c'],
    ['the base itself', 'https://api.test/v2', '/'],
    ['inside, other case of the host', 'HTTPS://API.TEST/v2/c', '/c'],
    ['inside, with our parameter', '/v2/c?x=1&key=SECRET&KEY%5B%5D=SECRET', '/c?x=1'],
    ['a sibling of the base', '/v20/c', 'https://api.test/v20/c'],
    ['above the base', '/login', 'https://api.test/login'],
    ['another port', 'https://api.test:8443/v2/c', 'https://api.test:8443/v2/c'],
    ['another scheme', 'http://api.test/v2/c', 'http://api.test/v2/c'],
    ['another host', 'https://cdn.test/x?y=1', 'https://cdn.test/x?y=1'],
    ['another host, with user info', 'https://u:p@cdn.test/x', 'https://cdn.test/x'],
    [
      'another host, with our parameter',
      'https://cdn.test/x?key=SECRET&y=1',
      'https://cdn.test/x?y=1',
    ],
    [
      'inside, but two slashes would name another host',
      '/v2//evil.test/x',
      'https://api.test/v2//evil.test/x',
    ],
    [
      'inside, but an endpoint of our own',
      '/v2/_outpost/status',
      'https://api.test/v2/_outpost/status',
    ],
    ['without a scheme', '//evil.test/v2/c', 'https://evil.test/v2/c'],
  ])('%s', (_title, location, expected) => {
    expect(rewritten(location)).toBe(expected)
  })

  it.each(['javascript:alert(1)', 'myapp://callback/?code=1', 'https://[bad'])(
    '%s goes back as it is',
    (location) => {
      expect(rewritten(location)).toBe(location)
    },
  )

  it.each([
    ['/_outpost', 'https://root.test/_outpost'],
    ['/_outpost?x', 'https://root.test/_outpost?x'],
    ['/_outpost#x', 'https://root.test/_outpost#x'],
    ['/_outpost/status', 'https://root.test/_outpost/status'],
    ['/_outposts', '/_outposts'],
    ['/a/_outpost?x', '/a/_outpost?x'],
  ])('below a host, %s is %s: no path of ours is handed out', (location, expected) => {
    const root = aProvider({ base_url: 'https://root.test' })
    const permit = permitted(decided(aCaller(), root, aCall('GET', '/a/b')))
    expect(rewriteLocation(location, 'https://root.test/a/b', permit)).toBe(expected)
  })

  it('keeps the prefix by which the agent chose the provider', () => {
    expect(rewritten('/v2/c?x', 'path')).toBe('/p/api/c?x')
    expect(rewritten('/v2/p/other/delete', 'default')).toBe('/p/api/p/other/delete')
  })
})
