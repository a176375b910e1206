import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { greeting } from '../../scripts/greeting.ts'
import type { Started } from '../../scripts/greeting.ts'
import type { Catalog, Provider } from '../../src/catalog.ts'
import { compiled, hostsOf } from './compiled.ts'

const folder = mkdtempSync(join(tmpdir(), "outpost's "))
const envFile = join(folder, '.dev.vars')

beforeAll(() => writeFileSync(envFile, '# comment\nLOCAL=sentinel\nQUOTED="sentinel"\n'))
afterAll(() => rmSync(folder, { recursive: true }))

const DEMO =
  'name: demo\nbase_url: http://127.0.0.1:8789\nauth: { type: bearer_static, env: DEMO }\n' +
  'forwarding: { deny: [/admin/**] }\n'
const TWO =
  'name: two\nbase_url: https://two.test\nauth: { type: basic_auth, user_env: A, pass_env: B }\n'
const LISTED =
  'name: listed\nbase_url: https://listed.test/api\nauth: none\n' +
  'forwarding: { mode: allowlist, allow: [{ method: GET, pattern: /v1/** }] }\n'
const MINTS =
  'name: mints\nbase_url: https://mints.test\n' +
  'auth: { type: oauth2_client_credentials, client_id_env: A, client_secret_env: A, token_url: "https://x.test/t" }\n'
const SEEDED =
  'name: seeded\nbase_url: https://seeded.test\nauth: { type: bearer_redis, redis_key: k, env_seed: NONE }\n'

const HERE =
  '{ id: here, cidrs: [127.0.0.1, ::1], auth_token_env: LOCAL, can_call_sensitive: true }'
const ENV = { DEMO: 'sentinel', LOCAL: 'sentinel', QUOTED: 'sentinel', A: 'sentinel' }
const ADMIN = { OUTPOST_ADMIN_TOKEN: 'sentinel' }
const ACCESS = { ACCESS_TEAM_DOMAIN: 'acme', ACCESS_AUD: 'sentinel' }

interface Case {
  readonly files?: readonly string[]
  /** Entries of hosts.yaml. */
  readonly hosts?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly changes?: Partial<Started>
}

async function catalogOf(files: readonly string[], hosts: readonly string[]): Promise<Catalog> {
  const all = await Promise.all(files.map((text) => compiled(text)))
  const providers = new Map<string, Provider>(all.flatMap((each) => [...each.providers]))
  expect(providers.size).toBe(files.length)
  return {
    providers,
    hosts: (await hostsOf(`hosts: [${hosts.join(', ')}]\n`)).hosts,
    plugins: new Map(),
    schemes: {},
    backends: {},
  }
}

async function said({ files = [DEMO], hosts = [HERE], env = {}, changes = {} }: Case = {}) {
  return greeting({
    catalog: await catalogOf(files, hosts),
    env: { ...ENV, ...env },
    envFile,
    url: 'http://127.0.0.1:8788',
    peers: ['127.0.0.1/32'],
    demo: true,
    ...changes,
  })
}

function callsIn(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith('curl '))
}

it('says what is ready, and which variables are missing for the rest', async () => {
  const fleet = '{ id: fleet, cidrs: [10.0.0.0/8], auth_token_env: FLEET }'
  const text = await said({ files: [DEMO, TWO, LISTED, MINTS, SEEDED], hosts: [HERE, fleet] })
  expect(text.split('\n').slice(0, 7)).toEqual([
    'Outpost answers on http://127.0.0.1:8788',
    'providers: demo, listed, seeded',
    'not ready: provider two, B not set: calls to it fail with 502',
    'not ready: provider mints, OUTPOST_MASTER_KEY (of 32 characters or more) not set: calls to it fail with 502',
    'not ready: host fleet, FLEET not set: its calls are refused with 401',
    'not ready: control plane, OUTPOST_ADMIN_TOKEN not set: /_outpost/ stays closed',
    'also there: /docs (how to call), /providers (for callers), /_outpost/status (for the operator)',
  ])
})

it.each([
  [
    'a token to look is enough for the control plane',
    { OUTPOST_VIEWER_TOKEN: 'x' },
    'control plane',
  ],
  ['so is Access', ACCESS, 'control plane'],
  ['a master key', { OUTPOST_MASTER_KEY: 'x'.repeat(32) }, 'provider mints'],
])('asks for nothing more: %s', async (_why, env, who) => {
  expect(await said({ files: [MINTS], env })).not.toContain(`not ready: ${who}`)
  expect(await said({ files: [MINTS], env: { [Object.keys(env)[0] ?? '']: '  ' } })).toContain(
    `not ready: ${who}`,
  )
})

it('says why Access does not open the control plane', async () => {
  expect(await said({ env: { ACCESS_AUD: 'x' } })).toContain(
    '/_outpost/ stays closed (ACCESS_TEAM_DOMAIN is not set: nobody comes in through Cloudflare Access)',
  )
})

it('never says a secret', async () => {
  expect(await said({ env: ADMIN })).not.toContain('sentinel')
  expect(await said()).not.toContain('sentinel')
  expect(await said({ hosts: [HERE.replace('LOCAL', 'QUOTED')] })).not.toContain('sentinel')
})

it('names private addresses that are not loopback', async () => {
  expect(await said()).not.toContain('private addresses')
  expect(await said({ changes: { peers: ['127.0.0.1/32', '10.1.2.3/32'] } })).toContain(
    'called: 10.1.2.3/32\n',
  )
})

describe('the key', () => {
  async function lineOf(name: string, env = {}): Promise<string> {
    const text = await said({ hosts: [HERE.replace('LOCAL', name)], env })
    const lines = text.split('\n').filter((line) => /^(?:export|#) /.test(line))
    return lines.find((line) => !line.includes('OUTPOST_URL')) ?? ''
  }

  it('is loaded into a shell by a line, whatever the path', async () => {
    const line = await lineOf('LOCAL')
    const printed = execFileSync('sh', ['-c', `${line}; echo "$LOCAL"`], { encoding: 'utf8' })
    expect(printed).toBe('sentinel\n')
  })

  it.each([
    ['is in the environment alone', 'OTHER', { OTHER: 'sentinel' }, 'that npm start was given'],
    ['is another one there', 'LOCAL', { LOCAL: 'sentinel2' }, 'that npm start was given'],
    ['is not as sed would print it', 'QUOTED', {}, '.dev.vars'],
  ])('is not given as a line that would fail when it %s', async (_when, name, env, where) => {
    const line = await lineOf(name, env)
    expect(line).toMatch(new RegExp(`^# ${name}: use (?:the|its) value`))
    expect(line).toContain(where)
  })
})

describe('calls to copy', () => {
  const KEY = '-H "X-Outpost-Auth: $LOCAL" "$OUTPOST_URL/p/demo'

  it('are four to the demo, and one with a grant', async () => {
    const env = { ...ADMIN, LOCAL: 'sentinel' }
    const lines = (await said({ env })).split('\n')
    expect(lines.slice(-21)).toEqual([
      '',
      'Try it, in another terminal, from this folder:',
      '',
      'export OUTPOST_URL=http://127.0.0.1:8788',
      expect.stringMatching(/^export LOCAL=/),
      `curl -iw '\\n' ${KEY}/hello"`,
      `curl -iw '\\n' ${KEY}/admin/users"`,
      `curl -iw '\\n' -d item=book ${KEY}/orders"`,
      `curl -N ${KEY}/events"`,
      '# OUTPOST_ADMIN_TOKEN: use the value that npm start was given',
      expect.stringMatching(
        /^export OUTPOST_TOKEN="\$\(npx outpost grant create --agent me --provider demo --approval none --expires 1h --json \| sed -n /,
      ),
      `curl -iw '\\n' -d item=book -H "X-Outpost-Auth: $OUTPOST_TOKEN" "$OUTPOST_URL/p/demo/orders"`,
      'npx outpost audit --follow',
      '',
      'The first is allowed (200), and shows what the upstream received: a key that you did not send.',
      'The second is refused (403): /admin/** denies it (deny[0] of the provider demo).',
      'The third changes something (201): the host `here` in hosts.yaml may make sensitive calls.',
      'The fourth is a stream: five events, each shown when it is sent.',
      'The fifth has a grant to read, and is refused (403): a sensitive call, and access is read.',
      'The audit has each of them, and why it ended so; it goes on until Ctrl-C.',
      '',
    ])
  })

  it('fit a terminal of 24 lines, with one for what is typed', async () => {
    expect((await said({ env: ADMIN })).trimEnd().split('\n').length).toBeLessThan(24)
  })

  /** [what is so, the installation, what is said of it, how many calls] */
  const TRUTHS: readonly (readonly [string, Case, string, number])[] = [
    [
      'the host may not make sensitive calls',
      { hosts: [HERE.replace('true', 'false')] },
      'The third is refused (403): it is a sensitive call, and host here.can_call_sensitive is not true.',
      4,
    ],
    [
      'writes are not sensitive',
      { files: [DEMO.replace('{ deny: [/admin/**]', '{ treat_writes_as_sensitive: false')] },
      'The third changes something (201): the provider does not call that sensitive.',
      4,
    ],
    [
      'nothing is denied',
      { files: [DEMO.replace('/admin/**', '/other')] },
      'The second is allowed (200).',
      4,
    ],
    [
      'the host may use another provider alone',
      { files: [DEMO, LISTED], hosts: [HERE.replace('}', ', providers: [listed] }')] },
      'It goes to https://listed.test/api/v1 with the credential; what it says comes back.',
      1,
    ],
    [
      'the host may use none that is there',
      { hosts: [HERE.replace('}', ', providers: [] }')] },
      "no call to propose from this machine: demo is not in the host's list",
      0,
    ],
    [
      'nothing serves the demo',
      { changes: { demo: false } },
      'demo: nothing serves it (--no-demo)',
      0,
    ],
    [
      'nothing serves the demo, and another provider is ready',
      { files: [DEMO, LISTED], changes: { demo: false } },
      'providers: listed\ndemo: nothing serves it (--no-demo)',
      1,
    ],
    ['there is no demo', { files: [LISTED] }, 'It goes to https://listed.test/api/v1 with', 1],
    [
      'a proxy is trusted here',
      { env: { TRUSTED_PROXIES: '127.0.0.0/8' } },
      'calls from this machine are refused (403): TRUSTED_PROXIES has 127.0.0.1',
      0,
    ],
    [
      'the list of proxies is wrong',
      { env: { TRUSTED_PROXIES: '127.0.0' } },
      'calls from this machine are refused (403): TRUSTED_PROXIES has an error',
      0,
    ],
    [
      'no host has this address',
      { hosts: [HERE.replace('127.0.0.1', '10.0.0.1')] },
      'calls from this machine are refused (403): no host in hosts.yaml has 127.0.0.1',
      0,
    ],
    [
      'the key is not set',
      { env: { LOCAL: '' } },
      'calls from this machine are refused (401): LOCAL is not set',
      0,
    ],
    [
      'there is no token to make a grant with',
      {},
      'No grant to try: OUTPOST_ADMIN_TOKEN is not set.',
      4,
    ],
    [
      'grants are required, and can be made',
      { env: { ...ADMIN, REQUIRE_GRANT: 'true' } },
      'The first has a grant to read, and is allowed (200), and shows',
      2,
    ],
    [
      'nothing is refused to a grant to read',
      { files: [LISTED], env: ADMIN },
      'The second has a grant to read, and goes to https://listed.test/api/v1',
      2,
    ],
    [
      'the host may make no sensitive call, and so a grant there neither',
      { hosts: [HERE.replace('true', 'false')], env: ADMIN },
      'The fifth has a grant to read, and is allowed (200), and shows',
      5,
    ],
    [
      'the host is of a tenant',
      { hosts: [HERE.replace('}', ', tenant: acme }')], env: ADMIN },
      'npx outpost audit --follow --tenant acme',
      5,
    ],
    [
      'grants are required',
      { env: { REQUIRE_GRANT: 'true' } },
      'no call to propose from this machine: REQUIRE_GRANT is true, so it takes a grant: npx outpost grant create --help',
      0,
    ],
    ['it listens elsewhere', { changes: { url: 'http://10.0.0.1:1' } }, 'Outpost answers on', 0],
  ]

  it.each(TRUTHS)('are true when %s', async (_what, installation, sentence, calls) => {
    const text = await said(installation)
    expect(text).toContain(sentence)
    expect(callsIn(text)).toHaveLength(calls)
  })

  it('send no key when the host asks for none, and quote what zsh would expand', async () => {
    const hosts = [HERE.replace('auth_token_env: LOCAL, ', '')]
    const text = await said({ hosts, changes: { url: 'http://[::1]:1' } })
    expect(text).not.toContain('X-Outpost-Auth')
    expect(text).toContain("export OUTPOST_URL='http://[::1]:1'\n")
  })
})
