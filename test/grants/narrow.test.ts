import { describe, expect, it } from 'vitest'

import { newGrant } from '../../src/grants/changes.ts'
import type { GrantedProvider, GrantRule } from '../../src/grants/grant.ts'
import { narrowedBy } from '../../src/grants/narrow.ts'
import { readingsOf } from '../../src/policy/path.ts'
import { aGrantInput } from '../tenants/world.ts'

type Row = readonly [method: string, path: string, outcome: string]

const allow = (method: string, path: string, by = 'providers[0]'): Row => [
  method,
  path,
  `allow by ${by}`,
]
const deny = (method: string, path: string, by: string): Row => [method, path, `deny by ${by}`]

const rule = (method: string, pattern: string): GrantRule => ({ methods: [method], pattern })

function outcome(
  granted: Partial<GrantedProvider>,
  [method, path]: Row,
  over: { readonly provider?: string; readonly sensitive?: boolean } = {},
): string {
  const provider = {
    provider: 'github',
    access: 'write',
    allow: null,
    deny: [],
    ...granted,
  } as const
  const input = aGrantInput({ providers: [provider] })
  const grant = newGrant(input, { id: 'gr_1', hash: 'aa', now: 0 })
  const call = { provider: 'github', method, path, readings: readingsOf(path), sensitive: false }
  const narrowed = narrowedBy(grant, { ...call, ...over })
  return `${narrowed.ok ? 'allow' : 'deny'} by ${narrowed.rule.replace('grant gr_1.', '')}`
}

function table(title: string, granted: Partial<GrantedProvider>, rows: readonly Row[]) {
  describe(title, () => {
    it.each(rows)('%s %s: %s', (...row) => {
      expect(outcome(granted, row)).toBe(row[2])
    })
  })
}

table('a grant without patterns', {}, [
  allow('GET', '/anything'),
  allow('DELETE', '/'),
  allow('PROPFIND', '/x'),
])

table(
  'a grant with allow patterns',
  {
    allow: [
      rule('GET', '/repos/acme/**'),
      rule('*', '/any'),
      { methods: ['PUT', 'PATCH'], pattern: '/two' },
      rule('HEAD', '/heads'),
      rule('GET', '/repos/*/issues'),
    ],
  },
  [
    allow('GET', '/repos/acme', 'providers[0].allow[0]'),
    allow('GET', '/repos/acme/site/issues', 'providers[0].allow[0]'),
    allow('HEAD', '/repos/acme/site', 'providers[0].allow[0]'),
    allow('GET', '/repos/acme/issues', 'providers[0].allow[0]'),
    allow('GET', '/repos/x/issues', 'providers[0].allow[4]'),
    allow('PURGE', '/any', 'providers[0].allow[1]'),
    allow('PATCH', '/two', 'providers[0].allow[2]'),
    allow('HEAD', '/heads', 'providers[0].allow[3]'),
    deny('GET', '/heads', 'providers[0].allow'),
    deny('OPTIONS', '/repos/acme', 'providers[0].allow'),
    deny('POST', '/repos/acme/site', 'providers[0].allow'),
    deny('GET', '/repos/acmes', 'providers[0].allow'),
    deny('GET', '/Repos/acme', 'providers[0].allow'),
    deny('GET', '/%72epos/acme', 'providers[0].allow'),
    deny('GET', '/any/', 'providers[0].allow'),
    deny('GET', '/', 'providers[0].allow'),
  ],
)

table('a grant that allows nothing', { allow: [] }, [deny('GET', '/x', 'providers[0].allow')])

table(
  'a grant with deny patterns, in any reading',
  { allow: [rule('*', '/**')], deny: ['/public', '/repos/acme/secrets/**'] },
  [
    ...[
      '/repos/acme/secrets',
      '/repos/acme/secrets/',
      '/repos/acme/secrets/x',
      '/repos/ACME/Secrets/x',
      '/repos/acme/%73ecrets/x',
      '/repos/acme%2Fsecrets',
      '/repos//acme/secrets',
      '/repos/acme/secrets;v=1',
      '/repos/acme/%2573ecrets',
    ].map((path) => deny('GET', path, 'providers[0].deny[1]')),
    deny('OPTIONS', '/Public/', 'providers[0].deny[0]'),
    allow('GET', '/repos/acme/secret', 'providers[0].allow[0]'),
    allow('GET', '/public/x', 'providers[0].allow[0]'),
  ],
)

describe('access', () => {
  it.each([
    ['read', false, 'allow by providers[0]'],
    ['read', true, 'deny by providers[0].access'],
    ['write', false, 'allow by providers[0]'],
    ['write', true, 'allow by providers[0]'],
  ] as const)('%s, a sensitive call: %s: %s', (access, sensitive, expected) => {
    expect(outcome({ access }, ['GET', '/x', ''], { sensitive })).toBe(expected)
  })
})

it.each(['slack', 'constructor', 'GitHub', ''])('a provider that is not listed: %s', (provider) => {
  expect(outcome({}, ['GET', '/x', ''], { provider })).toBe('deny by providers')
})

it('tells which of its patterns spoke, and why it does not', () => {
  const providers = [
    { provider: 'slack', access: 'read', allow: null, deny: [] },
    { provider: 'github', access: 'read', allow: [rule('GET', '/a/*')], deny: ['/b'] },
  ] as const
  const grant = newGrant(aGrantInput({ providers }), { id: 'gr_1', hash: 'aa', now: 0 })
  const of = (provider: string, path: string, sensitive = false) =>
    narrowedBy(grant, { provider, method: 'GET', path, readings: readingsOf(path), sensitive })
  expect(of('slack', '/x')).toEqual({ ok: true, pattern: null, rule: 'grant gr_1.providers[0]' })
  expect(of('github', '/a/x')).toEqual({
    ok: true,
    pattern: '/a/*',
    rule: 'grant gr_1.providers[1].allow[0]',
  })
  expect(of('github', '/b')).toMatchObject({ ok: false, reason: '/b denies it' })
  expect(of('github', '/a/x', true)).toMatchObject({
    reason: 'a sensitive call, and access is read',
  })
  expect(of('other', '/')).toMatchObject({ reason: 'other is not in the grant' })
})
