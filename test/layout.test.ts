import { describe, expect, it } from 'vitest'

import { laidOut } from '../src/call.ts'
import { pathFor, placedIn } from '../src/layout.ts'
import type { Laid } from '../src/layout.ts'
import { pathInside } from '../src/location.ts'
import { aCall, aCatalog, aProvider } from './builders.ts'

const api = { provider: 'github', base_url: 'https://api.github.test' }
const LAYOUT: readonly Laid[] = [
  { prefix: '/api/v3', to: '/', ...api },
  { prefix: '/api/graphql', to: '/graphql', ...api },
  { prefix: '/api/uploads', to: '/', provider: 'uploads', base_url: 'https://up.github.test/base' },
  { prefix: '/', to: '/', provider: 'git', base_url: 'https://github.test' },
]

describe('where a path leads', () => {
  it.each([
    ['/api/v3', 'github /'],
    ['/api/v3/', 'github /'],
    ['/api/v3/repos/o/r', 'github /repos/o/r'],
    ['/api/v3/repos/o/r/', 'github /repos/o/r/'],
    ['/api/v3/repos/o/r//x', 'github /repos/o/r//x'],
    ['/api/v3/repos/API/V3', 'github /repos/API/V3'],
    ['/api/v3/repos/o/r/contents/docs%2Fx', 'github /repos/o/r/contents/docs%2Fx'],
    ['/api/graphql', 'github /graphql'],
    ['/api/graphql/', 'github /graphql/'],
    ['/api/uploads/repos/o/r', 'uploads /repos/o/r'],
    ['/', 'git /'],
    ['/o/r.git/info/refs', 'git /o/r.git/info/refs'],
    ['/api', 'git /api'],
    ['/api/v30', 'git /api/v30'],
    ['/api/v3x/y', 'git /api/v3x/y'],
    ['/apis/v3', 'git /apis/v3'],
    ['/o//api/v3', 'git /o//api/v3'],
    ['/%61/x', 'git /%61/x'],
  ])('%s: %s', (path, expected) => {
    const placed = placedIn(LAYOUT, path)
    expect(`${placed?.entry.provider} ${placed?.path}`).toBe(expected)
  })

  it.each([
    '/API/v3/user',
    '/api/V3/user',
    '/Api/GraphQL',
    '/api//v3/user',
    '//api/v3/user',
    '/api/v3//user',
    '/api/v3/%2Fuser',
    '/api/v3/%2fuser',
    '/api/v3%2Fuser',
    '/api%2Fv3/user',
    '/%61pi/v3/user',
    '/api/v%33/user',
    '/api/v3;x/user',
    '/api;x/v3/user',
    '/api/v3%20/user',
    '/api/v3./user',
    '/api/v3%3Fx',
    '/api/v3%23x',
    '/api/\uff563/user',
    '/api/%EF%BD%963/user',
    '/api/graphql;x',
  ])('cannot be told: %s', (path) => {
    expect(placedIn(LAYOUT, path)).toBeNull()
  })
})

describe('by which path a URL is reached', () => {
  it.each([
    ['https://api.github.test/', '/api/v3'],
    ['https://api.github.test/repos/o/r', '/api/v3/repos/o/r'],
    ['https://api.github.test/graphql', '/api/v3/graphql'],
    ['https://up.github.test/base/repos/o', '/api/uploads/repos/o'],
    ['https://github.test/o/r', '/o/r'],
    ['https://github.test/', '/'],
    ['https://up.github.test/other', null],
    ['https://other.test/', null],
    ['http://github.test/', null],
    // It would lead to another provider, or cannot be told.
    ['https://github.test/api/v3/user', null],
    ['https://github.test/API/v3/user', null],
    ['https://api.github.test//user', null],
  ])('%s: %s', (url, expected) => {
    expect(pathFor(LAYOUT, (entry) => pathInside(new URL(url), entry))).toBe(expected)
  })

  it('what stands below another folder is reached only there', () => {
    const layout: readonly Laid[] = [
      { prefix: '/api/graphql', to: '/graphql', ...api },
      { prefix: '/', to: '/', provider: 'git', base_url: 'https://github.test' },
    ]
    const reach = (url: string) => pathFor(layout, (entry) => pathInside(new URL(url), entry))
    expect(reach('https://api.github.test/graphql')).toBe('/api/graphql')
    expect(reach('https://api.github.test/graphql/x')).toBe('/api/graphql/x')
    expect(reach('https://api.github.test/graphqlx')).toBeNull()
    expect(reach('https://api.github.test/')).toBeNull()
  })
})

describe('a call by host name', () => {
  const catalog = aCatalog([
    aProvider({
      name: 'github',
      base_url: 'https://api.github.test',
      layout: [
        { prefix: '/api/v3', to: '/', provider: null },
        { prefix: '/', to: '/', provider: 'git' },
      ],
    }),
    aProvider({ name: 'git', base_url: 'https://github.test' }),
  ])
  const laid = (path: string, by: 'host' | 'header' | 'path' | 'default', name = 'github') => {
    const call = laidOut({ ...aCall('GET', path), named: { by, name } }, catalog)
    const unclear = call.named.layout === 'unclear' ? ' unclear' : ''
    return `${call.named.name} ${call.path}${unclear}`
  }

  it.each([
    ['/api/v3/user', 'host', 'github', 'github /user'],
    ['/o/r', 'host', 'github', 'git /o/r'],
    ['/API/v3/user', 'host', 'github', 'github /API/v3/user unclear'],
    ['/%2e%2e/api/v3', 'host', 'github', 'github /%2e%2e/api/v3 unclear'],
    ['/api/v3/user', 'host', 'git', 'git /api/v3/user'],
    ['/api/v3/user', 'host', 'nobody', 'nobody /api/v3/user'],
    ['/api/v3/user', 'header', 'github', 'github /api/v3/user'],
    ['/api/v3/user', 'path', 'github', 'github /api/v3/user'],
    ['/api/v3/user', 'default', 'github', 'github /api/v3/user'],
  ] as const)('%s by %s %s: %s', (path, by, name, expected) => {
    expect(laid(path, by, name)).toBe(expected)
  })
})
