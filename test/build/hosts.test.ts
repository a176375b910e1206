import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { hostsOf } from './compiled.ts'

const DEFAULTS = {
  id: 'a',
  cidrs: ['10.0.0.0/8'],
  can_call_sensitive: false,
  auth_token_env: null,
  description: '',
  providers: null,
  tenant: null,
  require_grant: false,
}

/** [keys beside id and cidrs, what differs from the defaults] */
const GOOD: readonly (readonly [string, object])[] = [
  ['', {}],
  ['can_call_sensitive: true', { can_call_sensitive: true }],
  ['can_call_sensitive: yes', { can_call_sensitive: true }],
  ['can_call_sensitive: No', {}],
  ['auth_token_env: A_B', { auth_token_env: 'A_B' }],
  ['auth_token_env: null', {}],
  ['description: on', { description: 'on' }],
  ['providers: [GitHub]', { providers: ['github'] }],
  ['providers: []', { providers: [] }],
  ['tenant: acme_1', { tenant: 'acme_1' }],
  ['require_grant: true', { require_grant: true }],
]

it.each(GOOD)('reads a host with { %s }', async (keys, expected) => {
  const rest = keys === '' ? '' : `, ${keys}`
  const found = await hostsOf(`hosts: [{ id: a, cidrs: [10.0.0.0/8]${rest} }]\n`)
  expect(found.hosts).toStrictEqual([{ ...DEFAULTS, ...expected }])
  expect(found).toMatchObject({ problems: [], warnings: [] })
})

/** [as written, as compiled] */
const CIDRS: readonly (readonly [string, string])[] = [
  ['10.0.1.0/24', '10.0.1.0/24'],
  ['10.0.1.7/24', '10.0.1.0/24'],
  ['10.255.1.7/9', '10.128.0.0/9'],
  ['192.0.2.1', '192.0.2.1/32'],
  ['0.0.0.0/1', '0.0.0.0/1'],
  ['"::1/128"', '::1/128'],
  ['::1', '::1/128'],
  ['2001:DB8:0:0::1/32', '2001:db8::/32'],
  ['"::ffff:10.1.2.3"', '10.1.2.3/32'],
  ['"::ffff:10.1.2.3/104"', '10.0.0.0/8'],
  ['"::FFFF:0a01:0203/120"', '10.1.2.0/24'],
  ['2a06:98c0:3600::103', '2a06:98c0:3600::103/128'],
]

it.each(CIDRS)('brings %s into its one form', async (written, cidr) => {
  const { hosts } = await hostsOf(`hosts:\n  - { id: a, cidrs: [ ${written} ] }\n`)
  expect(hosts.map(({ cidrs }) => cidrs)).toEqual([[cidr]])
})

const ADDRESS = 'expected an IPv4 address of four decimal numbers without leading zeros, or an IPv6'

/** [as written, message] */
const BAD_CIDRS: readonly (readonly [string, string])[] = [
  ['10.0.0.0/33', 'expected a prefix length from 0 to 32'],
  ['::1/129', 'expected a prefix length from 0 to 128'],
  ['"::ffff:10.0.0.0/8"', 'expected a prefix length from 96 to 128'],
  ['10.0.0.0/08', 'expected a prefix length after the "/"'],
  ['10.0.0.0/', 'expected a prefix length after the "/"'],
  ['10.0.0.0/255.0.0.0', 'expected a prefix length after the "/"'],
  ['10.0.0.0/8/8', 'expected a prefix length after the "/"'],
  ['10.0.0', ADDRESS],
  ['010.0.0.1', ADDRESS],
  ['0x0a.0.0.1', ADDRESS],
  ['167772161', ADDRESS],
  ['10.0.0.256', ADDRESS],
  ['"10.0.0.1 "', ADDRESS],
  ['"fe80::1%eth0"', ADDRESS],
  ['"::ffff:010.0.0.1"', ADDRESS],
  ['"1::2::3"', ADDRESS],
  ['"10.0.0.1, 10.0.0.2"', ADDRESS],
  ['localhost', ADDRESS],
  ['""', ADDRESS],
]

it.each(BAD_CIDRS)('refuses the range %s', async (written, message) => {
  const { problems } = await hostsOf(`hosts:\n  - { id: a, cidrs: [::1, ${written}] }\n`)
  expect(problems).toEqual([
    expect.stringContaining(`hosts.yaml:2:27  hosts[0].cidrs[1]: ${message}`),
  ])
})

/** [what, the file, where, path and message] */
const BAD: readonly (readonly [string, string, string, string])[] = [
  ['a list on top', '- id: a', '1:1', 'expected a map, found a list'],
  ['a map of hosts', 'hosts: { a: b }', '1:8', 'hosts: expected a list, found a map'],
  ['another key', 'host: []', '1:1', 'host: unknown key; did you mean "hosts"?'],
  ['no id', 'hosts: [{ cidrs: [::1] }]', '1:9', 'hosts[0].id: missing; expected a name'],
  ['no cidrs', 'hosts: [{ id: a }]', '1:9', 'hosts[0].cidrs: missing; expected a list'],
  [
    'empty cidrs',
    'hosts: [{ id: a, cidrs: [] }]',
    '1:25',
    'hosts[0].cidrs: expected a range or more',
  ],
  [
    'one cidr',
    'hosts: [{ id: a, cidrs: 10.0.0.0/8 }]',
    '1:25',
    'hosts[0].cidrs: expected a list, found a text',
  ],
  [
    'a misspelt key',
    'hosts: [{ id: a, cidrs: [::1], auth_token: B }]',
    '1:32',
    'hosts[0].auth_token: unknown key; did you mean "auth_token_env"?',
  ],
  [
    'a quoted boolean',
    'hosts: [{ id: a, cidrs: [::1], can_call_sensitive: "false" }]',
    '1:52',
    'hosts[0].can_call_sensitive: expected true or false, found "false"',
  ],
  [
    'a quoted yes',
    "hosts: [{ id: a, cidrs: [::1], require_grant: 'yes' }]",
    '1:47',
    'hosts[0].require_grant: expected true or false',
  ],
  [
    'a key itself for its name',
    'hosts: [{ id: a, cidrs: [::1], auth_token_env: abc-123 }]',
    '1:48',
    'hosts[0].auth_token_env: expected the name of a Worker secret',
  ],
  [
    'an auth_token_env without name',
    'hosts: [{ id: a, cidrs: [::1], auth_token_env: }]',
    '1:32',
    'hosts[0].auth_token_env: expected the name of a Worker secret',
  ],
  [
    "the operator's token",
    'hosts: [{ id: a, cidrs: [::1], auth_token_env: OUTPOST_VIEWER_TOKEN }]',
    '1:48',
    "hosts[0].auth_token_env: OUTPOST_VIEWER_TOKEN is a setting of Outpost's own",
  ],
  [
    'providers without list',
    'hosts: [{ id: a, cidrs: [::1], providers: }]',
    '1:32',
    'hosts[0].providers: expected a list, found nothing',
  ],
  [
    'providers that are null',
    'hosts: [{ id: a, cidrs: [::1], providers: null }]',
    '1:43',
    'hosts[0].providers: expected a list, found nothing',
  ],
  [
    'one provider',
    'hosts: [{ id: a, cidrs: [::1], providers: github }]',
    '1:43',
    'hosts[0].providers: expected a list, found a text',
  ],
  [
    'a provider of no name',
    'hosts: [{ id: a, cidrs: [::1], providers: ["*"] }]',
    '1:44',
    'hosts[0].providers[0]: expected a name of letters',
  ],
  [
    'a tenant with a space',
    'hosts: [{ id: a, cidrs: [::1], tenant: a b }]',
    '1:40',
    'hosts[0].tenant: expected a name of 1 to 64 letters',
  ],
  [
    'an id twice',
    'hosts:\n  - { id: a, cidrs: [::1] }\n  - { id: a, cidrs: [::2] }',
    '3:11',
    'hosts[1].id: the same id as on line 2',
  ],
  [
    'two words for one right',
    'hosts: [{ id: a, cidrs: [::1], can_trade: true, can_call_sensitive: false }]',
    '1:32',
    'hosts[0].can_trade: says the opposite of "can_call_sensitive"; remove it',
  ],
]

it.each(BAD)('refuses %s', async (_what, text, where, message) => {
  const { problems } = await hostsOf(`${text}\n`)
  expect(problems).toEqual([expect.stringContaining(`hosts.yaml:${where}  ${message}`)])
})

/** [what, the file, the warning] */
const WARNINGS: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', 'hosts.yaml:1:1  hosts: no host: nobody can call anything'],
  ['an empty list', 'hosts: []', 'hosts.yaml:1:8  hosts: no host: nobody can call anything'],
  [
    'a list of comments',
    'hosts:\n  # - id: a',
    'hosts.yaml:1:1  hosts: no host: nobody can call anything',
  ],
  [
    'can_trade',
    'hosts: [{ id: a, cidrs: [::1], can_trade: true }]',
    'hosts.yaml:1:32  hosts[0].can_trade: this key is now called "can_call_sensitive"',
  ],
  [
    'a provider that is not there',
    'hosts: [{ id: a, cidrs: [::1], providers: [github, githbu] }]',
    'hosts.yaml:1:52  hosts[0].providers[1]: no enabled provider is called "githbu"; did you mean "github"?',
  ],
  [
    'a range that is taken',
    'hosts:\n  - { id: a, cidrs: [10.0.0.0/8] }\n  - { id: b, cidrs: [10.1.0.0/8] }',
    'hosts.yaml:3:14  hosts[1].cidrs: 10.0.0.0/8 belongs to host "a" already, which comes first',
  ],
  [
    'everybody without a key',
    'hosts: [{ id: a, cidrs: [0.0.0.0/0] }]',
    'hosts.yaml:1:18  hosts[0].cidrs: 0.0.0.0/0 is everybody; set "auth_token_env" or "require_grant: true"',
  ],
]

it.each(WARNINGS)('warns of %s', async (_what, text, warning) => {
  expect(await hostsOf(`${text}\n`)).toMatchObject({ problems: [], warnings: [warning] })
})

it('gives the right of can_trade', async () => {
  const { hosts } = await hostsOf('hosts: [{ id: a, cidrs: [::1], can_trade: yes }]\n')
  expect(hosts.map((host) => host.can_call_sensitive)).toEqual([true])
})

it('keeps hosts in file order and each range of one host once', async () => {
  const { hosts } = await hostsOf(
    'hosts:\n  - { id: b, cidrs: [::2, ::2/128] }\n  - { id: a, cidrs: [::1] }\n',
  )
  expect(hosts.map(({ id, cidrs }) => [id, cidrs])).toEqual([
    ['b', ['::2/128']],
    ['a', ['::1/128']],
  ])
})

/** As in contract §3 and control-plane §2. */
const WRITTEN: readonly (readonly [string, string])[] = [
  [
    'research-agent',
    `hosts:
  - id: research-agent
    cidrs: ["10.0.1.0/24", "::1/128"]
    can_call_sensitive: false
    auth_token_env: RESEARCH_AGENT_TOKEN
    description: "…"
    providers: [github]
    tenant: acme
    require_grant: true
`,
  ],
  [
    'a fleet with grants',
    'hosts: [{ id: f, cidrs: ["0.0.0.0/0", "::/0"], can_call_sensitive: true, require_grant: true }]',
  ],
  ['a fleet with a key', 'hosts: [{ id: f, cidrs: ["0.0.0.0/0"], auth_token_env: F_KEY }]'],
]

it.each(WRITTEN)('accepts %s without a word', async (_what, text) => {
  expect(await hostsOf(text)).toMatchObject({ problems: [], warnings: [] })
})

it('ships a fleet that needs only its comment signs removed', async () => {
  const shipped = readFileSync(join(import.meta.dirname, '../../hosts.yaml'), 'utf8')
  const found = await hostsOf(shipped.replaceAll(/^ {2}# (?=- | {2})/gm, '  '))
  expect(found).toMatchObject({ problems: [], warnings: [] })
  expect(found.hosts.map(({ id, require_grant }) => [id, require_grant])).toEqual([
    ['local', false],
    ['fleet', true],
  ])
})
