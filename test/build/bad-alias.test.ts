import { expect, it } from 'vitest'

import { compiledFiles, linesOf } from './compiled.ts'

type Files = Readonly<Record<string, string>>

const BASE = `name: api
base_url: https://api.test
auth: { type: bearer_static, env: API_TOKEN }
default_headers: { X-Key: a }
forwarding:
  deny: [/a, /b]
`
const OWN = 'auth: { env: ACME_TOKEN }'

/** `acme` extends `api`, and says these lines from its third on. */
function pair(lines: string, base = BASE): Files {
  return { acme: `name: acme\nextends: api\n${lines}\n`, base }
}

/** [what, the files, all that is told of them] */
const ERRORS: readonly (readonly [string, Files, readonly string[]])[] = [
  [
    'a base that is not there',
    { acme: `name: acme\nextends: gihtub\n`, base: BASE.replace('api', 'github') },
    ['acme.yaml:2:10  extends: no provider is called "gihtub"; did you mean "github"?'],
  ],
  [
    'a base that is like nothing',
    { acme: `name: acme\nextends: acmes\n`, base: BASE },
    ['acme.yaml:2:10  extends: no provider is called "acmes"'],
  ],
  [
    'itself',
    { acme: `extends: Acme\nname: acme\n` },
    ['acme.yaml:1:10  extends: a provider cannot extend itself'],
  ],
  [
    'what extends it',
    { a: 'name: a\nextends: b\n', b: 'name: b\nextends: a\n' },
    [
      'a.yaml:2:10  extends: this goes round in a circle: a → b → a',
      'b.yaml:2:10  extends: this goes round in a circle: b → a → b',
    ],
  ],
  [
    'a circle, which is told of the files in it',
    { a: 'name: a\nextends: b\n', b: 'name: b\nextends: c\n', c: 'name: c\nextends: b\n' },
    [
      'b.yaml:2:10  extends: this goes round in a circle: b → c → b',
      'c.yaml:2:10  extends: this goes round in a circle: c → b → c',
    ],
  ],
  [
    'a name that two disabled files have',
    {
      acme: 'name: acme\nextends: api\n',
      base: `${BASE}enabled: false\n`,
      other: `${BASE}enabled: false\n`,
    },
    ['acme.yaml:2:10  extends: both base.yaml and other.yaml have this name'],
  ],
  [
    'a list',
    { acme: 'name: acme\nextends: [api]\n', base: BASE },
    ['acme.yaml:2:10  extends: expected a name of letters, digits, "_" and "-", found a list'],
  ],
  [
    'nothing',
    { acme: 'name: acme\nextends:\n', base: BASE },
    ['acme.yaml:2:1  extends: expected a name of letters, digits, "_" and "-", found nothing'],
  ],
  [
    'and has no name of its own',
    { acme: `extends: api\n${OWN}\n`, base: BASE },
    ['acme.yaml:1:1  name: missing; expected a name of letters, digits, "_" and "-"'],
  ],
  [
    'and has the name of another',
    { ...pair(OWN), other: `name: Acme\nextends: api\nauth: { env: OTHER }\n` },
    ['other.yaml:1:7  name: "acme" is already the name in acme.yaml:1'],
  ],
  [
    'the provider of another tenant',
    pair(`tenant: acme\n${OWN}`, `${BASE}tenant: globex\n`),
    ['acme.yaml:3:9  tenant: what it extends belongs to the tenant "globex" alone (base.yaml:7)'],
  ],
  [
    'a provider of a tenant for all of them',
    pair(`tenant: null\n${OWN}`, `${BASE}tenant: globex\n`),
    ['acme.yaml:3:9  tenant: what it extends belongs to the tenant "globex" alone (base.yaml:7)'],
  ],
  [
    'with a tenant that is none',
    pair(`tenant: a.b\n${OWN}`),
    ['acme.yaml:3:9  tenant: expected a name of 1 to 64 letters, digits, "_" and "-", found "a.b"'],
  ],
  [
    'with errors of its own',
    pair(`${OWN}\ntimeout_ms: x\nforwarding: { deny: [/c, d], mode: open }\ndeny: [/e]`),
    [
      'acme.yaml:4:13  timeout_ms: expected a whole number from 1 to 600000, found "x"',
      'acme.yaml:5:26  forwarding.deny[1]: a pattern begins with "/"; found "d"',
      'acme.yaml:5:36  forwarding.mode: expected "transparent" or "allowlist", found "open"',
      'acme.yaml:6:1  deny: unknown key here; it belongs under "forwarding"',
    ],
  ],
  [
    'with a credential that does not fit the type',
    pair('auth: { env: ACME_TOKEN, headr: X }'),
    ['acme.yaml:3:26  auth.headr: unknown key; did you mean "header"?'],
  ],
  [
    'with two ways to the credential',
    pair('auth: { env: ACME_TOKEN, value: public }'),
    ['acme.yaml:3:26  auth.value: either "env" or "value", not both'],
  ],
  [
    'with keys for a credential that the base has not',
    pair(OWN, 'name: api\nbase_url: https://api.test\nauth: none\n'),
    ['acme.yaml:3:1  auth.type: missing; expected one of "none"'],
  ],
  [
    'a wrong file, which is told once',
    pair(OWN, `${BASE.replace('/b', 'b')}  mode: open\ntimeout_ms: x\n`),
    [
      'base.yaml:6:14  forwarding.deny[1]: a pattern begins with "/"; found "b"',
      'base.yaml:7:9  forwarding.mode: expected "transparent" or "allowlist", found "open"',
      'base.yaml:8:13  timeout_ms: expected a whole number from 1 to 600000, found "x"',
    ],
  ],
  [
    'a wrong deny, beside one of its own',
    pair(`${OWN}\nforwarding: { deny: [/c, d] }`, BASE.replace('[/a', '[a')),
    [
      'acme.yaml:4:26  forwarding.deny[1]: a pattern begins with "/"; found "d"',
      'base.yaml:6:10  forwarding.deny[0]: a pattern begins with "/"; found "a"',
    ],
  ],
  [
    'a wrong credential, which is told once',
    pair('timeout_ms: 5', BASE.replace('env', 'evn')),
    ['base.yaml:3:30  auth.evn: unknown key; did you mean "env"?'],
  ],
  [
    'a file without a credential, which is told once',
    pair('timeout_ms: 5', 'name: api\nbase_url: https://api.test\n'),
    ['base.yaml:1:1  auth: missing; expected a map'],
  ],
  [
    'a file that cannot be read',
    pair(OWN, 'name: api\nbase_url: [\n'),
    [
      'acme.yaml:2:10  extends: no provider is called "api"',
      'base.yaml:3:1  the indentation does not fit, or a bracket above is not closed',
    ],
  ],
  [
    'what is right until it is extended',
    pair('auth: { header: X-Key, env: ACME_TOKEN }'),
    [
      'base.yaml:4:20  default_headers.X-Key: this header carries the credential; only "auth" fills it (inherited by acme.yaml)',
    ],
  ],
  [
    'deny that is no list',
    pair(`${OWN}\nforwarding: { deny: /c }`),
    ['acme.yaml:4:21  forwarding.deny: expected a list, found a text'],
  ],
  [
    'a deny that is no list',
    pair(`${OWN}\nforwarding: { deny: [/c] }`, BASE.replace('[/a, /b]', '/a')),
    ['base.yaml:6:9  forwarding.deny: expected a list, found a text'],
  ],
  [
    'forwarding that is no map',
    pair(`${OWN}\nforwarding: [deny]`),
    ['acme.yaml:4:13  forwarding: expected a map, found a list'],
  ],
]

it.each(ERRORS)('refuses what extends %s', async (_what, files, expected) => {
  const found = await compiledFiles(files)
  expect(linesOf({ ...found, warnings: [] })).toEqual(
    expected.map((each) => expect.stringContaining(each)),
  )
})

it('tells what only the chain makes wrong where it is written, and for which alias', async () => {
  const found = await compiledFiles({
    leaf: 'name: leaf\nextends: acme\nauth: { header: X-Key }\n',
    ...pair(`${OWN}\nforwarding: { deny: [/c, /d] }`),
  })
  expect(linesOf({ ...found, warnings: [] })).toEqual([
    'base.yaml:4:20  default_headers.X-Key: this header carries the credential; only "auth" fills it (inherited by leaf.yaml)',
  ])
})

it('gives no upstream the key of a host that an alias inherits, told once', async () => {
  const base = BASE.replace('API_TOKEN', 'OUTPOST_KEY')
  const found = await compiledFiles(pair('timeout_ms: 5', base))
  expect(linesOf({ ...found, warnings: [] })).toEqual([
    "base.yaml:3:35  auth.env: OUTPOST_KEY: names that begin with OUTPOST_ are Outpost's own; choose another",
  ])
})

const HMAC =
  'name: api\nbase_url: https://api.test\nauth: { type: hmac_signed, key_env: K, secret_env: S }\n'
const STORED =
  'name: api\nbase_url: https://api.test\nauth: { type: bearer_redis, redis_key: "api:token", env_seed: SEED }\n'
const BORROWED =
  'warning: acme.yaml:2:10  extends: it has no secret of its own: all are those of "api"; name others in "auth"'

/** [what, the files, what is doubted] */
const DOUBTS: readonly (readonly [string, Files, readonly string[]])[] = [
  ['an alias with the key of its base', pair('tenant: acme'), [BORROWED]],
  ['one that names it again', pair('auth: { type: bearer_static, env: API_TOKEN }'), [BORROWED]],
  ['one of a disabled base', pair('', `${BASE}enabled: false\n`), [BORROWED]],
  ['one with a key of its own', pair(OWN), []],
  ['one of two secrets', pair('auth: { key_env: MINE }', HMAC), []],
  ['no secret at all', pair('', 'name: api\nbase_url: https://api.test\nauth: none\n'), []],
  ['a stored token with another seed', pair('auth: { env_seed: MINE }', STORED), [BORROWED]],
  ['a stored token at another key', pair('auth: { redis_key: "acme:token" }', STORED), []],
  [
    'the key of the base of its base',
    { ...pair(OWN), leaf: 'name: leaf\nextends: acme\nauth: { env: API_TOKEN }\n' },
    [BORROWED.replace('acme', 'leaf')],
  ],
  [
    'the key of another tenant',
    {
      ...pair(`tenant: acme\n${OWN}`),
      copied: `extends: api\nname: copied\ntenant: globex\n${OWN}\n`,
    },
    [
      'warning: copied.yaml:2:7  name: tenant "globex" gets the secrets of "acme", which is tenant "acme"\'s',
    ],
  ],
  [
    'the key of the same tenant',
    { ...pair(`tenant: acme\n${OWN}`), other: `extends: api\nname: b\ntenant: acme\n${OWN}\n` },
    [],
  ],
  [
    'denies that are below another path',
    pair(`${OWN}\nbase_url: https://API.test/a`),
    [
      'warning: acme.yaml:4:11  base_url: the same host as that of "api", below another path: its "deny" patterns do not match what they matched there',
    ],
  ],
  ['another host', pair(`${OWN}\nbase_url: https://acme.test/a`), []],
  ['the same address in other words', pair(`${OWN}\nbase_url: https://api.test:443/`), []],
]

it.each(DOUBTS)('doubts what is most likely a slip: %s', async (_what, files, expected) => {
  expect(linesOf(await compiledFiles(files))).toEqual(expected)
})
