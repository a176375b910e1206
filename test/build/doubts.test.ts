import { expect, it } from 'vitest'

import { formatProblem } from '../../scripts/catalog/problem.ts'
import { compileFiles } from '../../scripts/compile.ts'
import { compiled } from './compiled.ts'

/** What a file with nothing wrong in it is warned of. */
async function warningsOf(lines: string): Promise<readonly string[]> {
  const { problems, warnings } = await compiled(`name: x\n${lines}\n`)
  expect(problems).toEqual([])
  return warnings.map((each) => formatProblem(each).replace('providers/x.yaml:', ''))
}

const HTTPS = 'base_url: https://x.test'
const TOKEN = 'this looks like a real token; put it into a secret, and name that with "env"'

/** Of the shapes of src/audit/redact.ts; nobody's. */
const GITHUB = 'ghp_SENTINELSENTINELSENTINEL'
const STRIPE = 'sk_test_SENTINELSENTINEL'

/** [what, the lines after the name, where and what] */
const TOKENS: readonly (readonly [string, string, string])[] = [
  [
    'the credential',
    `${HTTPS}\nauth: { type: bearer_static, value: ${GITHUB} }`,
    '3:37  auth.value',
  ],
  [
    'a header of it',
    `${HTTPS}\nauth: { type: custom_headers, headers: { X-A: { value: "${STRIPE}" } } }`,
    '3:56  auth.headers.X-A.value',
  ],
  [
    'a password',
    `${HTTPS}\nauth: { type: basic_auth, username: "", password: ${STRIPE} }`,
    '3:51  auth.password',
  ],
  [
    'a default header',
    `${HTTPS}\nauth: none\ndefault_headers: { X-A: "Bearer ${GITHUB}" }`,
    '4:25  default_headers.X-A',
  ],
  [
    'a setting of a plugin',
    `${HTTPS}\nauth: { type: plugin, module_ts: "plugins/signs.ts:Signs", config: { a: [b, ${GITHUB}] } }`,
    '3:77  auth.config.a[1]',
  ],
  ['a base URL', `base_url: https://x.test/${GITHUB}\nauth: none`, '2:11  base_url'],
]

it.each(TOKENS)('warns of a token in %s, and does not show it', async (_what, lines, where) => {
  expect(await warningsOf(lines)).toEqual([`${where}: ${TOKEN}`])
})

it('takes no word for a token', async () => {
  const lines = `${HTTPS}\nauth: none\ndescription: task-management-of-somebody, sk-short, AKIA`
  expect(await warningsOf(lines)).toEqual([])
})

async function listedOf(mode: string, ...rules: readonly string[]): Promise<readonly string[]> {
  const allow = rules.map((rule) => `    - { ${rule} }`).join('\n')
  return warningsOf(`${HTTPS}\nauth: none\nforwarding:\n  mode: ${mode}\n  allow:\n${allow}`)
}

const SILENT = [
  'method: GET, pattern: /a',
  'method: POST, pattern: /b',
  'methods: [GET, DELETE], pattern: /c, sensitive: null',
  'method: "*", pattern: /d',
  'method: POST, pattern: /e, sensitive: false',
  'method: POST, pattern: /f, sensitive: true',
  'methods: [GET, HEAD, OPTIONS], pattern: /g',
]

it('warns of writes on a list that say nothing of being sensitive, once for a file', async () => {
  expect(await listedOf('allowlist', ...SILENT)).toEqual([
    '6:3  forwarding.allow: any caller may write by [1], [2], [3]: say whether they are "sensitive", true or false',
  ])
  expect(await listedOf('transparent', ...SILENT)).toEqual([])
})

it('warns of operations that no path leads to', async () => {
  const text = `${HTTPS}\nauth: none\nforwarding:\n  mode: allowlist\n  allow: [{ method: GET, pattern: /graphql }]`
  expect(await warningsOf(`${text}\ngraphql: { path: /graphql }`)).toEqual([
    expect.stringContaining(
      'graphql: no rule of "forwarding.allow" lets a POST to /graphql through',
    ),
  ])
})

it('does not where it is the operation that tells', async () => {
  const rule = 'forwarding:\n  mode: allowlist\n  allow: [{ method: POST, pattern: /graphql }]'
  const text = `${HTTPS}\nauth: none\n${rule}`
  expect(await warningsOf(`${text}\ngraphql: {}`)).toEqual([])
  expect(await warningsOf(`${text}\nmcp: { path: /graphql }`)).toEqual([])
  expect(await warningsOf(`${text}\ngraphql: { path: /other }`)).toHaveLength(2)
})

const OPEN =
  'other calls to this path pass by the default of transparent mode: say what becomes of them in a rule without "when" behind it'
const SMALL = 'when: { body: { amount: { lte: 5 } } }'

it.each<[string, string, readonly string[], readonly string[]]>([
  [
    'a rule that another one hides',
    'allowlist',
    [
      'method: "*", pattern: /v1/**, sensitive: true',
      `method: POST, pattern: /v1/a, ${SMALL}, sensitive: true`,
    ],
    ['8:7  forwarding.allow[1]: never looked at: allow[0] speaks for these calls before it'],
  ],
  [
    'a refusal behind a rule for the same path',
    'transparent',
    ['methods: [POST, PUT], pattern: /a', 'method: PUT, pattern: /a, deny: true'],
    ['8:7  forwarding.allow[1]: never looked at: allow[0] speaks for these calls before it'],
  ],
  [
    'rules in their order',
    'allowlist',
    [
      `method: POST, pattern: /a, ${SMALL}, sensitive: false`,
      'method: POST, pattern: /a, approval: true',
      'method: PUT, pattern: /a, deny: true',
    ],
    [],
  ],
  [
    'what a rule is not for, transparent',
    'transparent',
    [`method: POST, pattern: /a, ${SMALL}`],
    [`7:7  forwarding.allow[0]: ${OPEN}`],
  ],
  [
    'the same with a rule behind it',
    'transparent',
    [`method: POST, pattern: /a, ${SMALL}`, 'method: POST, pattern: /**, approval: true'],
    [],
  ],
  ['a refusal of some', 'transparent', [`method: POST, pattern: /a, ${SMALL}, deny: true`], []],
  [
    'the body of a GET',
    'allowlist',
    ['methods: [GET, HEAD], pattern: /a, body: { a: 1 }'],
    [
      '7:7  forwarding.allow[0]: a call by GET or HEAD has no body: what is asked of it is never there',
    ],
  ],
  [
    'a body that a GET must not have',
    'allowlist',
    ['method: GET, pattern: /a, body: { a: { absent: true } }'],
    [],
  ],
  [
    'the body of any method',
    'allowlist',
    ['method: "*", pattern: /a, sensitive: true, body: { a: 1 }'],
    [],
  ],
])('warns of %s, %s', async (_, mode, rules, expected) => {
  expect(await listedOf(mode, ...rules)).toEqual(expected)
})

const BEARER = 'auth: { type: bearer_static, env: A }'
const CLEAR = 'http: sends the credential in clear text; is there an https: address?'

it.each([
  ['http://x.test', [`2:11  base_url: ${CLEAR}`]],
  ['http://8.8.8.8:80', [`2:11  base_url: ${CLEAR}`]],
  ['https://x.test', []],
  ['http://127.0.0.1:8789', []],
  ['http://[::1]', []],
  ['http://[fd00::1]', []],
  ['http://10.1.2.3', []],
  ['http://localhost:1', []],
  ['http://backend:1', []],
  ['http://db.internal', []],
])('reads %s', async (url, expected) => {
  expect(await warningsOf(`base_url: ${url}\n${BEARER}`)).toEqual(expected)
  expect(await warningsOf(`base_url: ${url}\nauth: none`)).toEqual([])
})

it('warns of a token endpoint in clear text', async () => {
  const auth =
    'auth: { type: oauth2_client_credentials, client_id_env: A, client_secret_env: B, token_url: "http://x.test/t" }'
  expect(await warningsOf(`${HTTPS}\n${auth}`)).toEqual([`3:93  auth.token_url: ${CLEAR}`])
})

it('gives no upstream the key of a host', async () => {
  const hosts = 'hosts: [{ id: a, cidrs: [::1], auth_token_env: A_KEY }]\n'
  const text = (env: string): string =>
    `name: x\n${HTTPS}\nauth: { type: bearer_static, env: ${env} }\n`
  const files = [
    { file: 'x.yaml', text: text('A_KEY') },
    { file: 'y.yaml', text: `${text('A_KEY')}enabled: false\n` },
    { file: 'z.yaml', text: text('B_KEY').replace('x', 'z') },
  ]
  const auth =
    '{ type: hmac_signed, key: { env: A_KEY }, secret: { env: S, previous: { env: A_KEY } } }'
  const map = { file: 'map.yaml', text: `name: map\n${HTTPS}\nauth: ${auth}\n` }
  const { problems } = await compileFiles([...files, map], { file: 'hosts.yaml', text: hosts })
  const places = [
    'map.yaml:3:40  auth.key.env',
    'map.yaml:3:84  auth.secret.previous.env',
    'x.yaml:3:35  auth.env',
    'y.yaml:3:35  auth.env',
  ]
  expect(problems.map((each) => formatProblem(each))).toEqual(
    places.map((at) => `${at}: A_KEY is the key of the host "a"; an upstream must not get it`),
  )
})
