import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { compileFiles } from '../../scripts/compile.ts'
import type { Provider } from '../../src/catalog.ts'
import { PLUGINS, compiledFiles, linesOf } from './compiled.ts'

const BASE = `name: Api
description: the API
docs_url: https://docs.test
base_url: https://api.test/v1
auth: { type: bearer_static, env: API_TOKEN, prefix: 'token ' }
default_headers: { X-A: a, X-B: b }
timeout_ms: 5000
max_body_bytes: 10
require_grant: true
forwarding:
  mode: allowlist
  allow:
    - { method: GET, pattern: /things }
  deny: [/secrets/**, /keys]
  rate_limits: { default: [{ capacity: 1, window_ms: 1000 }] }
`

/** `Acme` extends `Api` and says these lines. */
async function pairOf(lines: string): Promise<Readonly<Record<'base' | 'alias', Provider>>> {
  const found = await compiledFiles({ base: BASE, alias: `name: Acme\nextends: API\n${lines}\n` })
  expect(found.problems).toEqual([])
  const [alias, base] = [found.providers.get('acme'), found.providers.get('api')]
  if (!alias || !base) throw new Error('not compiled')
  return { alias, base }
}

const OWN_TOKEN = { secret: { env: 'ACME_TOKEN' } }

/** [what the alias says, what differs from the base, what of `auth`, what of `forwarding`] */
const MERGES: readonly (readonly [string, object, object, object])[] = [
  ['auth: { env: ACME_TOKEN }', {}, OWN_TOKEN, {}],
  ['auth: { env: ACME_TOKEN, prefix: null }', {}, { ...OWN_TOKEN, prefix: 'Bearer ' }, {}],
  ['auth: { type: bearer_static, env: ACME_TOKEN }', {}, { ...OWN_TOKEN, prefix: 'Bearer ' }, {}],
  ['auth: { env: null, value: public }', {}, { secret: { value: 'public' } }, {}],
  ['auth: { value: public }', {}, { secret: { value: 'public' } }, {}],
  ['tenant: acme', { tenant: 'acme' }, {}, {}],
  ['description: of Acme', { description: 'of Acme' }, {}, {}],
  ['description: null', { description: '' }, {}, {}],
  ['base_url: https://acme.test', { base_url: 'https://acme.test' }, {}, {}],
  ['default_headers: { X-C: c }', { default_headers: { 'X-C': 'c' } }, {}, {}],
  ['default_headers:', { default_headers: {} }, {}, {}],
  ['max_body_bytes: null', { max_body_bytes: null }, {}, {}],
  ['require_grant: false', { require_grant: false }, {}, {}],
  [
    'forwarding: { mode: transparent }',
    {},
    {},
    { mode: 'transparent', allow: [expect.objectContaining({ sensitive: null })] },
  ],
  ['forwarding: { allow: [] }', {}, {}, { allow: [] }],
  ['forwarding: { rate_limits: {} }', {}, {}, { rate_limits: {} }],
  ['forwarding: { deny: [/b] }', {}, {}, { deny: ['/secrets/**', '/keys', '/b'] }],
  ['forwarding: { deny: [/keys] }', {}, {}, { deny: ['/secrets/**', '/keys', '/keys'] }],
  ...['null', '~', '', '{}', '{ deny: [] }', '{ deny: null }', '{ deny: }'].map(
    (nothing) => [`forwarding: ${nothing}`, {}, {}, {}] as const,
  ),
]

it.each(MERGES)('inherits what is not said: %s', async (lines, top, auth, forwarding) => {
  const { alias, base } = await pairOf(lines)
  const { credential, ...rest } = alias
  const { credential: _credential, ...inherited } = base
  expect(rest).toStrictEqual({
    ...inherited,
    name: 'acme',
    alias_of: 'api',
    ...top,
    auth: { ...base.auth, ...auth },
    forwarding: { ...base.forwarding, ...forwarding },
  })
  expect(credential.secrets).toEqual('secret' in alias.auth ? [alias.auth.secret] : [])
})

it('takes another kind of credential whole', async () => {
  const { alias } = await pairOf('auth: { type: api_key_header, env: ACME_KEY, header: X-Key }')
  expect(alias.auth).toStrictEqual({
    type: 'api_key_header',
    secret: { env: 'ACME_KEY' },
    header: 'X-Key',
    prefix: '',
    invalidate_on: [401, 403],
  })
  expect(alias.credential.headers).toEqual(['x-key'])
  expect((await pairOf('auth: none')).alias.auth.type).toBe('none')
})

it('inherits along a chain, in whatever order the files are', async () => {
  const files = {
    a: 'name: leaf\nextends: middle\nauth: { env: LEAF }\nforwarding: { deny: [/c] }\n',
    b: 'name: middle\nextends: root\ntenant: acme\nauth: { prefix: x }\nforwarding: { deny: [/b] }\n',
    c: 'name: root\nenabled: false\nbase_url: https://x.test\nauth: { type: bearer_static, env: ROOT }\nforwarding: { deny: [/a] }\n',
  }
  for (const each of [files, Object.fromEntries(Object.entries(files).toReversed())]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other reads better
    const found = await compiledFiles(each)
    expect(found.problems).toEqual([])
    expect([...found.providers.keys()]).toEqual(['leaf', 'middle'])
    expect(found.secretNames).toEqual(['LEAF', 'ROOT'])
    expect(found.providers.get('leaf')).toMatchObject({
      tenant: 'acme',
      alias_of: 'root',
      auth: { secret: { env: 'LEAF' }, prefix: 'x' },
      forwarding: { deny: ['/a', '/b', '/c'] },
    })
  }
})

it.each([
  ['the enabled one of two', 'enabled: false', '', 'https://two.test'],
  ['the one that is there', '', 'name: other', 'https://one.test'],
])('extends %s files of a name', async (_what, one, two, expected) => {
  const file = (url: string, line: string): string =>
    `${line.startsWith('name') ? line : `name: base\n${line}`}\nbase_url: ${url}\nauth: none\n`
  const found = await compiledFiles({
    one: file('https://one.test', one),
    two: file('https://two.test', two),
    alias: 'name: alias\nextends: base\n',
  })
  expect(linesOf(found)).toEqual([])
  expect(found.providers.get('alias')?.base_url).toBe(expected)
})

it('extends a plugin, which sees the settings of the alias', async () => {
  const module = '"plugins/signs.ts:Signs"'
  const found = await compileFiles(
    [
      {
        file: 'a.yaml',
        text: `name: a\nbase_url: https://x.test\nauth: { type: plugin, module_ts: ${module}, config: { k_env: A_KEY } }\n`,
      },
      {
        file: 'b.yaml',
        text: 'name: b\nextends: a\nauth: { config: { k_env: B_KEY } }\n',
      },
    ],
    { file: 'hosts.yaml', text: 'hosts: [{ id: a, cidrs: [10.0.0.0/8] }]\n' },
    { plugins: PLUGINS },
  )
  expect(linesOf(found)).toEqual([])
  expect(found.providers.get('b')?.auth).toMatchObject({
    type: 'plugin',
    module: 'plugins/signs.ts:Signs',
    config: { k_env: 'B_KEY' },
  })
})

const PATHS = fc.array(fc.constantFrom('/a', '/b/**', '/c/*', '/{d}/e'), { maxLength: 4 })

/** A section `forwarding` in some form, or the lack of one. */
const FORWARDING = fc.oneof(
  fc.constantFrom('', 'forwarding:', 'forwarding: null', 'forwarding: ~', 'forwarding: {}'),
  fc
    .tuple(
      fc.constantFrom('mode: transparent, ', 'mode: allowlist, allow: [], ', ''),
      fc.oneof(
        fc.constantFrom('', 'deny:', 'deny: null', 'deny: ~'),
        PATHS.map((paths) => `deny: ${JSON.stringify(paths)}`),
      ),
    )
    .map(([mode, deny]) => `forwarding: { ${mode}${deny} }`),
  PATHS.map((paths) => `forwarding: { <<: { deny: ${JSON.stringify(paths)} } }`),
)

it('never lets an alias take a deny of its base away', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(FORWARDING, { minLength: 2, maxLength: 4 }), async (sections) => {
      const files = sections.map((section, index) => {
        const head = index === 0 ? 'base_url: https://x.test\nauth: none' : `extends: p${index - 1}`
        return [`p${index}`, `name: p${index}\n${head}\n${section}\n`] as const
      })
      const found = await compiledFiles(Object.fromEntries(files))
      expect(found.problems).toEqual([])
      const denies = [...found.providers.values()].map(({ forwarding }) => forwarding.deny)
      for (const [index, deny] of denies.entries()) {
        expect(deny).toEqual(expect.arrayContaining([...(denies[index - 1] ?? [])]))
      }
      expect(denies).toHaveLength(sections.length)
    }),
  )
})

/** [the base's `auth`, the alias's, what it comes to]: who names another secret names all of it. */
const OTHER_SECRETS: readonly (readonly [string, string, object])[] = [
  ['env: A', 'secret: "op://a/b/c"', { secret: { secret: 'op://a/b/c' } }],
  ['secret: "op://a/b/c"', 'env: B', { secret: { env: 'B' } }],
  ['env: A, previous: { env: OLD }', 'env: B', { secret: { env: 'B' } }],
  ['env: A, previous: { env: OLD }', 'value: public', { secret: { value: 'public' } }],
  ['env: A', 'previous: { env: OLD }', { secret: { env: 'A', previous: { env: 'OLD' } } }],
  [
    'env: A, previous: { env: OLD }',
    'env: B, previous: { env: OLDER }',
    { secret: { env: 'B', previous: { env: 'OLDER' } } },
  ],
  ['env: A, previous: { env: OLD }', 'prefix: x', { prefix: 'x' }],
]

it.each(OTHER_SECRETS)('%s, extended with %s', async (written, own, differs) => {
  const base = `name: api\nbase_url: https://api.test\nauth: { type: bearer_static, ${written} }\n`
  const found = await compiledFiles({ base, alias: `name: acme\nextends: api\nauth: { ${own} }\n` })
  expect(found.problems).toEqual([])
  const [alias, api] = [found.providers.get('acme'), found.providers.get('api')]
  expect(alias?.auth).toEqual({ ...api?.auth, ...differs })
})

it('an alias names a pair in another spelling', async () => {
  const auth = 'type: hmac_signed, key_env: K, secret: { env: S, previous: { env: OLD } }'
  const base = `name: api\nbase_url: https://api.test\nauth: { ${auth} }\n`
  const own = 'auth: { key: { secret: "op://a/b/c" }, secret_env: T }'
  const found = await compiledFiles({ base, alias: `name: acme\nextends: api\n${own}\n` })
  expect(found.problems).toEqual([])
  expect(found.providers.get('acme')?.credential.secrets).toEqual([
    { secret: 'op://a/b/c' },
    { env: 'T' },
  ])
  expect(found.secretNames).toEqual(['K', 'OLD', 'S', 'T'])
})
