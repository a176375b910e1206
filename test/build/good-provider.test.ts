import { expect, it } from 'vitest'

import type { Provider } from '../../src/catalog.ts'
import { compiled, providerOf } from './compiled.ts'

/** What contract §1 says of a file with nothing but what is required. */
const DEFAULTS: Provider = {
  name: 'x',
  tenant: null,
  alias_of: null,
  description: '',
  docs_url: '',
  base_url: 'https://x.test',
  default_headers: {},
  strip_response_headers: [],
  forward_request_headers: [],
  forward_cookies: false,
  encoded_slash: 'refuse',
  allow_method_override: false,
  require_grant: false,
  timeout_ms: 30_000,
  max_body_bytes: null,
  scrub: 'auto',
  on_echo: 'redact',
  graphql: null,
  mcp: null,
  layout: [],
  git: null,
  mtls: null,
  auth: { type: 'none', invalidate_on: [] },
  credential: { secrets: [], headers: [], params: [], reads_body: false },
  forwarding: {
    mode: 'transparent',
    allow: [],
    deny: [],
    treat_writes_as_sensitive: true,
    default_cache_ttl: 0,
    default_category: 'default',
    queue_timeout_ms: null,
    rate_limits: {
      default: [
        { capacity: 50, window_ms: 1000 },
        { capacity: 500, window_ms: 60_000 },
      ],
    },
    upstream_429: 'pass',
  },
}

it.each(['auth: none', 'auth: { type: none }', 'auth: "none"'])(
  'fills in defaults: %s',
  async (auth) => {
    const provider = await providerOf(`name: X\nbase_url: https://x.test\n${auth}\n`)
    expect(provider).toStrictEqual(DEFAULTS)
    expect(Object.keys(provider).toSorted()).toEqual(Object.keys(DEFAULTS).toSorted())
  },
)

/** Of a rule that asks nothing of what a call says. */
const PLAIN = { when: null, query: [], body: [], approval: false, deny: false }

/** [what, lines 4 and following, what differs from the defaults] */
const KEYS: readonly (readonly [string, string, object])[] = [
  [
    'every key of the file',
    'description: d\ndocs_url: https://d.test/\nenabled: true\nforward_cookies: true\nencoded_slash: allow\nallow_method_override: true\nrequire_grant: true\ntimeout_ms: 1\nmax_body_bytes: 1\nscrub: always\non_echo: block',
    {
      description: 'd',
      docs_url: 'https://d.test/',
      forward_cookies: true,
      encoded_slash: 'allow',
      allow_method_override: true,
      require_grant: true,
      timeout_ms: 1,
      max_body_bytes: 1,
      scrub: 'always',
      on_echo: 'block',
    },
  ],
  [
    'header lists in lower case',
    'strip_response_headers: [X-A, Set-Cookie]\nforward_request_headers: [X-Api-Key]',
    { strip_response_headers: ['x-a', 'set-cookie'], forward_request_headers: ['x-api-key'] },
  ],
  [
    'header values as they are written',
    'default_headers: { X-GitHub-Api-Version: 2022-11-28, A: 1.0, B: no, C: 007, D: "true", E: 1_0, F: "", G: a b }',
    {
      default_headers: {
        'X-GitHub-Api-Version': '2022-11-28',
        A: '1.0',
        B: 'no',
        C: '007',
        D: 'true',
        E: '1_0',
        F: '',
        G: 'a b',
      },
    },
  ],
  [
    'keys that JavaScript objects have',
    'default_headers: { constructor: a, toString: b }',
    { default_headers: { constructor: 'a', toString: 'b' } },
  ],
  [
    'numbers as PyYAML reads them',
    'timeout_ms: 60_000\nmax_body_bytes: 1_048_576',
    { timeout_ms: 60_000, max_body_bytes: 1_048_576 },
  ],
  [
    'numbers in quotes',
    'timeout_ms: "5000"\nmax_body_bytes: \'1_000\'',
    { timeout_ms: 5000, max_body_bytes: 1000 },
  ],
  [
    'booleans of YAML 1.1',
    'forward_cookies: yes\nallow_method_override: On\nrequire_grant: TRUE',
    { forward_cookies: true, allow_method_override: true, require_grant: true },
  ],
  ['their opposites', 'forward_cookies: no\nallow_method_override: OFF\nrequire_grant: False', {}],
  [
    'words that are left as they are',
    'description: no\ndocs_url: on',
    { description: 'no', docs_url: 'on' },
  ],
  [
    'what is expressly not given',
    'description: null\nmax_body_bytes: ~\ndefault_headers: null\nforwarding: null',
    {},
  ],
  [
    'lists whose entries are comments',
    'default_headers:\n  # A: b\nstrip_response_headers:\nforward_request_headers:\nforwarding:',
    {},
  ],
  [
    'an anchor and its alias',
    'description: &d twice\ndocs_url: *d',
    { description: 'twice', docs_url: 'twice' },
  ],
  [
    'a merge, weaker than what stands there',
    'default_headers: &a { A: 1, B: 2 }\nforwarding: {}\n',
    { default_headers: { A: '1', B: '2' } },
  ],
  ['a text over several lines', 'description: >-\n  one\n  two', { description: 'one two' }],
  ['a text that is tagged as one', 'description: !!str 5', { description: '5' }],
  ['a category with underscores', 'forwarding: {}', {}],
  [
    'GraphQL with its defaults',
    'graphql: {}',
    {
      graphql: {
        path: '/graphql',
        allow: null,
        sensitive: [],
        deny: [],
        max_depth: null,
        max_aliases: null,
        max_root_fields: null,
        persisted: {},
        treat_writes_as_sensitive: true,
      },
    },
  ],
  [
    'a list of nothing, which allows nothing',
    'graphql: { allow: [], persisted: { ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38: "{__typename}" } }',
    {
      graphql: {
        path: '/graphql',
        allow: [],
        sensitive: [],
        deny: [],
        max_depth: null,
        max_aliases: null,
        max_root_fields: null,
        persisted: {
          ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38: '{__typename}',
        },
        treat_writes_as_sensitive: true,
      },
    },
  ],
  [
    'MCP, and what is said of an argument',
    'mcp: { path: /*, tools: { allow: [a], arguments: { a: { n: { lte: 5 } } } }, methods: { deny: [resources/*] } }',
    {
      mcp: {
        path: '/*',
        tools: { allow: ['a'], sensitive: [], deny: [] },
        arguments: [{ tool: 'a', conditions: [{ field: 'n', steps: ['n'], lte: 5 }] }],
        methods: { allow: null, sensitive: [], deny: ['resources/*'] },
        treat_writes_as_sensitive: true,
      },
    },
  ],
]

it.each(KEYS)('reads %s', async (_what, lines, expected) => {
  const provider = await providerOf(`name: x\nbase_url: https://x.test\nauth: none\n${lines}\n`)
  expect(provider).toStrictEqual({ ...DEFAULTS, ...expected })
})

/** [what, keys of `forwarding`, what differs from the defaults] */
const FORWARDING: readonly (readonly [string, string, object])[] = [
  [
    'rules of transparent mode',
    'allow: [{ method: get, pattern: /a }]',
    {
      allow: [
        {
          methods: ['GET'],
          pattern: '/a',
          category: null,
          cache_ttl: null,
          cache_scope: 'caller',
          sensitive: null,
          ...PLAIN,
        },
      ],
    },
  ],
  [
    'rules of allowlist mode',
    'mode: allowlist\nallow: [{ method: "*", pattern: /a/** }]',
    {
      mode: 'allowlist',
      allow: [
        {
          methods: ['*'],
          pattern: '/a/**',
          category: null,
          cache_ttl: null,
          cache_scope: 'caller',
          sensitive: false,
          ...PLAIN,
        },
      ],
    },
  ],
  [
    'everything in a rule',
    'mode: allowlist\nallow: [{ method: POST, pattern: /a, category: c, cache_ttl: 5, cache_scope: tenant, sensitive: yes }]',
    {
      mode: 'allowlist',
      allow: [
        {
          methods: ['POST'],
          pattern: '/a',
          category: 'c',
          cache_ttl: 5,
          cache_scope: 'tenant',
          sensitive: true,
          ...PLAIN,
        },
      ],
    },
  ],
  [
    "the README's aliases",
    'allow: [{ methods: [get, Post, GET], path: "/repos/{owner}/*" }]',
    {
      allow: [
        {
          methods: ['GET', 'POST'],
          pattern: '/repos/{owner}/*',
          category: null,
          cache_ttl: null,
          cache_scope: 'caller',
          sensitive: null,
          ...PLAIN,
        },
      ],
    },
  ],
  [
    'patterns as they are written',
    'deny: [/, /a%2Fb, /**, "/x/{a-b_1}.json", /a//b, /a:b, /é]',
    { deny: ['/', '/a%2Fb', '/**', '/x/{a-b_1}.json', '/a//b', '/a:b', '/é'] },
  ],
  [
    'the plain settings',
    'treat_writes_as_sensitive: false\ndefault_cache_ttl: 30\ndefault_category: reads\nqueue_timeout_ms: 0\nupstream_429: envelope',
    {
      treat_writes_as_sensitive: false,
      default_cache_ttl: 30,
      default_category: 'reads',
      queue_timeout_ms: 0,
      upstream_429: 'envelope',
    },
  ],
  [
    'limits in place of the defaults',
    'rate_limits: { reads: [{ capacity: 10, window_ms: 1_000 }], orders: [] }',
    { rate_limits: { reads: [{ capacity: 10, window_ms: 1000 }], orders: [] } },
  ],
  ['no limits', 'rate_limits: {}', { rate_limits: {} }],
  ['limits that are comments', 'rate_limits:\n  # none: []', {}],
  [
    'a category without limits',
    'allow: [{ method: GET, pattern: /a, category: nowhere }]',
    {
      allow: [
        {
          methods: ['GET'],
          pattern: '/a',
          category: 'nowhere',
          cache_ttl: null,
          cache_scope: 'caller',
          sensitive: null,
          ...PLAIN,
        },
      ],
    },
  ],
]

it.each(FORWARDING)('reads %s', async (_what, lines, expected) => {
  const indented = lines.replaceAll(/^/gm, '  ')
  const text = `name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n${indented}\n`
  expect((await providerOf(text)).forwarding).toStrictEqual({ ...DEFAULTS.forwarding, ...expected })
})

it.each([
  ['https://x.test', 'https://x.test/oauth/token', '/oauth/token'],
  ['https://x.test/api', 'https://X.test/api/token?a=b', '/token'],
  ['https://x.test/api', 'https://x.test/apis/token', undefined],
  ['https://x.test/api', 'https://login.x.test/api/token', undefined],
  ['https://x.test/api', 'https://x.test:444/api/token', undefined],
])('at %s, knows %s as %s', async (base, token, path) => {
  const auth = `{ type: oauth2_client_credentials, client_id_env: A, client_secret_env: B, token_url: '${token}' }`
  const { credential } = await providerOf(`name: x\nbase_url: ${base}\nauth: ${auth}\n`)
  expect(credential.token_paths).toEqual(path === undefined ? undefined : [path])
})

/** [as written, as compiled] */
const URLS: readonly (readonly [string, string])[] = [
  ['https://x.test/', 'https://x.test'],
  ['HTTPS://API.X.Test/Api/', 'https://api.x.test/Api'],
  ['https://slack.com/api', 'https://slack.com/api'],
  ['http://127.0.0.1:8789', 'http://127.0.0.1:8789'],
  ['https://x.test:443/v1', 'https://x.test/v1'],
  ['https://x.test:8443', 'https://x.test:8443'],
  ['"http://[::1]:80/a"', 'http://[::1]/a'],
  ['https://x.test/a%20b/~c;d=1', 'https://x.test/a%20b/~c;d=1'],
]

it.each(URLS)('brings %s into its one form', async (written, url) => {
  expect((await providerOf(`name: x\nbase_url: ${written}\nauth: none\n`)).base_url).toBe(url)
})

it('merges maps with <<, the nearer over the farther', async () => {
  const text = [
    'name: x',
    'base_url: https://x.test',
    'auth: none',
    'forwarding:',
    '  allow:',
    '    - &read { method: GET, pattern: /a, cache_ttl: 5 }',
    '    - &slow { cache_ttl: 60, category: slow, method: GET, pattern: /s }',
    '    - { <<: *read, pattern: /b }',
    '    - { <<: [*read, *slow], pattern: /c }',
  ].join('\n')
  const rule = {
    methods: ['GET'],
    sensitive: null,
    category: null,
    cache_ttl: 5,
    cache_scope: 'caller',
    ...PLAIN,
  }
  expect((await providerOf(text)).forwarding.allow).toStrictEqual([
    { ...rule, pattern: '/a' },
    { ...rule, pattern: '/s', category: 'slow', cache_ttl: 60 },
    { ...rule, pattern: '/b' },
    { ...rule, pattern: '/c', category: 'slow' },
  ])
})

it('finds what is wrong in what was merged where it is written', async () => {
  const { problems } = await compiled(
    'name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n  allow:\n' +
      '    - &read { method: GET, pattern: /a, cache_ttl: soon }\n    - { <<: *read, pattern: /b }\n',
  )
  expect(problems.map(({ line, column, path }) => [line, column, path])).toEqual([
    [6, 52, 'forwarding.allow[0].cache_ttl'],
    [6, 52, 'forwarding.allow[1].cache_ttl'],
  ])
})

it('reads a file with a mark at its start and CRLF', async () => {
  const text = '\uFEFFname: x\r\nbase_url: https://x.test\r\nauth: none\r\n'
  expect(await providerOf(text)).toStrictEqual(DEFAULTS)
})
