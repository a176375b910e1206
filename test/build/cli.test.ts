import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { ADMIN, outpost } from './cli/run.ts'
import {
  APPROVAL,
  EVIL,
  EVIL_SHOWN,
  GRANT,
  json,
  nothing,
  refusal,
  startControl,
  text,
} from './cli/server.ts'
import type { Answer, ControlServer } from './cli/server.ts'

/** A process each, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 30_000 })

let server: ControlServer
let folder: string

beforeAll(async () => {
  server = await startControl()
})
afterAll(() => server.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-cli-'))
  server.asked.length = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (args: readonly string[], input?: string) =>
  outpost(args, { url: server.url, ...(input === undefined ? {} : { input }) })

const GRANTS = '/_outpost/grants'
const ONE = `${GRANTS}/${GRANT.id}`
const APPROVALS = '/_outpost/approvals'
const WAITING = `${APPROVALS}/${APPROVAL.id}`
const TOKEN = `op_${'x'.repeat(43)}`
const PAUSED = {
  paused: [
    {
      scope: { agent: 'bot' },
      tenants: ['acme'],
      since: GRANT.created_at,
      by: 'admin',
      note: 'why',
    },
  ],
}
const STATUS = {
  version: '0.1.0',
  client_ip_source: 'workerd',
  providers: [
    {
      name: 'github',
      base_url: 'https://api.github.com',
      mode: 'allowlist',
      auth: 'bearer_static',
      ready: false,
      missing_secrets: ['GITHUB_TOKEN'],
    },
  ],
  hosts: [
    {
      id: 'local',
      cidrs: ['127.0.0.1'],
      can_call_sensitive: true,
      require_grant: false,
      key: 'set',
      auth_token_env: 'OUTPOST_LOCAL_KEY',
    },
  ],
  sources: [
    {
      secret: 'vault://kv/github#token',
      providers: ['github', 'github_acme'],
      missing_settings: [],
      state: 'stale',
      read_at: '2026-11-25T10:00:00.000Z',
      failure: 'unreachable',
      failed_at: '2026-11-25T10:20:00.000Z',
    },
  ],
  rotations: [
    { provider: 'stripe', live: 'previous', since: '2026-11-25T10:00:00.000Z' },
    { provider: 'slack', live: 'current', since: null, missing_previous: ['SLACK_OLD'] },
  ],
  problems: ['github: GITHUB_TOKEN is not set: its calls get 502 PROXY_AUTH_ERROR'],
  tenants: [
    {
      tenant: 'acme',
      grants: { active: 2, expired: 1, revoked: 0 },
      approvals: { pending: 3 },
      records: 4711,
      bytes: 1_234_567,
      head: { seq: 4711, hash: 'ab'.repeat(32) },
    },
  ],
  pauses: PAUSED.paused,
  limits: [
    {
      provider: 'github',
      category: 'default',
      cooldown_until: null,
      levels: [{ capacity: 50, window_ms: 1000, remaining: 12, reset_ms: 40 }],
    },
  ],
}
const DENIED = {
  decision: {
    allow: false,
    code: 'PROXY_PATH_DENIED',
    reason: 'grant deny',
    rule: 'deny[0]',
    sensitive: true,
    category: 'default',
    approval: null,
  },
  steps: [
    { step: 'grant', ok: true, detail: 'active' },
    { step: 'patterns', ok: false, detail: 'deny[0]' },
  ],
}

describe('what is sent, and what is said', () => {
  it.each<[string, readonly string[], string, unknown, Answer, number, readonly string[]]>([
    [
      'status',
      ['status'],
      'GET /_outpost/status',
      undefined,
      json(STATUS),
      0,
      [
        'Outpost 0.1.0',
        'GITHUB_TOKEN is not set',
        'agent bot',
        'missing: GITHUB_TOKEN',
        'vault://kv/github#token',
        'github, github_acme',
        'previous  since',
        'previous not set: SLACK_OLD',
        '2 active, 1 expired',
        '3 pending',
        '4711 records',
        '1.2 MB',
        '12 of 50 in 1 s left',
      ],
    ],
    [
      'grant show',
      ['grant', 'show', GRANT.id],
      `GET ${ONE}`,
      undefined,
      json({ grant: GRANT }),
      0,
      [
        'github (read)',
        'allow GET /repos/acme/**',
        'deny /repos/acme/secrets/**',
        'slack (write)',
        '60 in 1 min',
        'of sensitive calls, which wait 30 s',
        '2026-11-22 10:00:00Z (',
        '5000 at most',
        'acme, project website',
      ],
    ],
    [
      'grant revoke',
      ['grant', 'revoke', GRANT.id],
      `DELETE ${ONE}`,
      undefined,
      json({ grant: { ...GRANT, state: 'revoked', revoked_at: GRANT.created_at } }),
      0,
      ['revoked'],
    ],
    [
      'grant renew',
      ['grant', 'renew', GRANT.id, '--expires', '8h'],
      `POST ${ONE}/renew`,
      { expires_in: 28_800 },
      json({ grant: GRANT }),
      0,
      [GRANT.id],
    ],
    [
      'grant rotate',
      ['grant', 'rotate', GRANT.id, '--overlap', '5m'],
      `POST ${ONE}/rotate`,
      { overlap: 300 },
      json({ grant: GRANT, token: TOKEN }),
      0,
      [TOKEN, 'shown this once'],
    ],
    [
      'grant rotate at once',
      ['grant', 'rotate', GRANT.id],
      `POST ${ONE}/rotate`,
      {},
      json({ grant: GRANT, token: TOKEN }),
      0,
      [TOKEN],
    ],
    [
      'approve',
      ['approve', APPROVAL.id],
      `POST ${WAITING}/approve`,
      { scope: 'once' },
      json({ approval: { ...APPROVAL, state: 'approved', scope: 'once', decided_by: 'admin' } }),
      0,
      ['approved once by admin'],
    ],
    [
      'approve for a while',
      ['approve', APPROVAL.id, '--for', '10m'],
      `POST ${WAITING}/approve`,
      { scope: '10m' },
      json({ approval: { ...APPROVAL, state: 'approved', scope: '10m', decided_by: 'admin' } }),
      0,
      ['approved for 10m'],
    ],
    [
      'approve what is gone',
      ['approve', APPROVAL.id],
      `POST ${WAITING}/approve`,
      { scope: 'once' },
      refusal(409, 'PROXY_CONFLICT', { state: 'used' }, 'it does not wait any more'),
      1,
      ['it does not wait any more'],
    ],
    [
      'deny',
      ['deny', APPROVAL.id],
      `POST ${WAITING}/deny`,
      {},
      json({ approval: { ...APPROVAL, state: 'denied', decided_by: 'admin' } }),
      0,
      ['denied by admin'],
    ],
    [
      'pause a provider',
      ['pause', '--provider', 'github', '--note', 'why'],
      'POST /_outpost/pause',
      { provider: 'github', note: 'why' },
      json(PAUSED),
      0,
      ['agent bot', '"why"', 'of acme'],
    ],
    [
      'pause an agent of a tenant',
      ['pause', '--agent', 'bot', '--tenant', 'acme'],
      'POST /_outpost/pause',
      { agent: 'bot', tenant: 'acme' },
      json(PAUSED),
      0,
      ['Paused now'],
    ],
    [
      'pause all',
      ['pause', '--all'],
      'POST /_outpost/pause',
      { all: true },
      json({ paused: [{ scope: { all: true }, since: GRANT.created_at, by: 'admin', note: '' }] }),
      0,
      ['everything'],
    ],
    [
      'resume',
      ['resume', '--tenant', 'acme'],
      'POST /_outpost/resume',
      { tenant: 'acme' },
      json({ paused: [] }),
      0,
      ['nothing is paused'],
    ],
    [
      'simulate, denied',
      ['simulate', 'get', '/a?b=1', '--grant', GRANT.id, '--provider', 'github', '--body', 'x'],
      'POST /_outpost/simulate',
      { grant: GRANT.id, provider: 'github', method: 'GET', path: '/a', query: 'b=1', body: 'x' },
      json(DENIED),
      1,
      ['DENY PROXY_PATH_DENIED', 'grant deny', 'patterns', 'deny[0]'],
    ],
    [
      'simulate, allowed',
      ['simulate', 'GET', '/a', '--host', 'ci', '--provider', 'github', '--query', '?b=1'],
      'POST /_outpost/simulate',
      { host: 'ci', provider: 'github', method: 'GET', path: '/a', query: 'b=1' },
      json({ ...DENIED, decision: { ...DENIED.decision, allow: true } }),
      0,
      ['ALLOW'],
    ],
    [
      'token delete',
      ['token', 'delete', 'upstox:a/ä'],
      'DELETE /_outpost/tokens/upstox%3Aa%2F%C3%A4',
      undefined,
      nothing,
      0,
      ['upstox:a/ä is not set any more'],
    ],
    [
      'verify, ok',
      ['audit', '--verify', '--tenant', 'acme'],
      'GET /_outpost/audit/verify?tenant=acme',
      undefined,
      json({
        ok: true,
        tenant: 'acme',
        records: 9,
        from: { seq: 0, hash: 'x' },
        head: { seq: 9, hash: 'yy' },
        faults: [],
      }),
      0,
      ['ok: the audit of tenant acme: 9 records, 1 to 9', 'head: 9:yy'],
    ],
    [
      'verify, not ok',
      ['audit', '--verify'],
      'GET /_outpost/audit/verify',
      undefined,
      json({
        ok: false,
        tenant: 'default',
        records: 9,
        from: { seq: 0, hash: 'x' },
        head: { seq: 9, hash: 'y' },
        faults: [{ seq: 4, through: 6, what: 'removed' }],
      }),
      1,
      ['NOT ok', 'record 4 to 6: removed'],
    ],
  ])('%s', async (_, args, asked, body, answer, code, said) => {
    const [method, url = ''] = asked.split(' ')
    server.on(`${method} ${url.split('?')[0]}`, answer)
    const ran = await run(args)
    expect(ran.code, ran.err).toBe(code)
    expect(server.asked.map((each) => `${each.method} ${each.url}`)).toEqual([asked])
    expect(server.asked[0]?.body).toEqual(body)
    for (const each of said) expect(ran.out + ran.err).toContain(each)
  })

  it('prints with --json what the server said', async () => {
    server.on(`GET ${ONE}`, json({ grant: { ...GRANT, new_field: 1 } }))
    const ran = await run(['grant', 'show', GRANT.id, '--json'])
    expect(JSON.parse(ran.out)).toEqual({ grant: { ...GRANT, new_field: 1 } })
  })

  it('answers "no" with --json too', async () => {
    server.on('POST /_outpost/simulate', json(DENIED))
    const ran = await run(['simulate', 'GET', '/', '--host', 'a', '--provider', 'b', '--json'])
    expect([ran.code, JSON.parse(ran.out)]).toEqual([1, DENIED])
  })
})

describe('grant create', () => {
  const create = async (args: readonly string[], input?: string) => {
    server.on(`POST ${GRANTS}`, json({ grant: GRANT, token: TOKEN }, 201))
    return run(['grant', 'create', ...args], input)
  }

  it('sends what the flags say, and prints the token once with a call to copy', async () => {
    const ran = await create([
      '--tenant',
      'acme',
      '--project',
      'website',
      '--agent',
      'claude-code@ci',
      '--provider',
      'github',
      '--provider',
      'slack:write',
      '--allow',
      'github:GET,POST /repos/acme/**',
      '--deny',
      'github:/repos/acme/secrets/**',
      '--cidr',
      '203.0.113.0/24',
      '--cidr',
      '2001:db8::/32',
      '--expires',
      '8h',
      '--max-calls',
      '5000',
      '--limit',
      '60/1m',
      '--limit',
      '5/250ms',
      '--approval',
      'sensitive',
      '--hold',
      '30',
      '--note',
      'issue triage',
    ])
    expect(ran.code, ran.err).toBe(0)
    expect(server.asked[0]?.body).toEqual({
      tenant: 'acme',
      project: 'website',
      agent: 'claude-code@ci',
      providers: [
        {
          provider: 'github',
          access: 'read',
          allow: [
            { method: 'GET', pattern: '/repos/acme/**' },
            { method: 'POST', pattern: '/repos/acme/**' },
          ],
          deny: ['/repos/acme/secrets/**'],
        },
        { provider: 'slack', access: 'write' },
      ],
      cidrs: ['203.0.113.0/24', '2001:db8::/32'],
      expires_in: 28_800,
      max_calls: 5000,
      rate_limits: [
        { capacity: 60, window_ms: 60_000 },
        { capacity: 5, window_ms: 250 },
      ],
      approval: 'sensitive',
      approval_hold_seconds: 30,
      note: 'issue triage',
    })
    expect(ran.out).toContain(`  ${TOKEN}\n`)
    expect(ran.out).toContain(`export OUTPOST_TOKEN=${TOKEN}`)
    expect(ran.out).toContain(
      `curl -H "X-Outpost-Auth: $OUTPOST_TOKEN" -H 'X-Provider: github' ${server.url}/PATH`,
    )
  })

  it('takes a file, and flags over it', async () => {
    const body = { agent: 'a', providers: [{ provider: 'x', access: 'read' }], expires_in: 60 }
    const file = join(folder, 'grant.json')
    writeFileSync(file, JSON.stringify(body))
    await create(['--from', file, '--note', 'over'])
    await create(['--from', '-', '--agent', 'b'], JSON.stringify(body))
    expect(server.asked.map((each) => each.body)).toEqual([
      { ...body, note: 'over' },
      { ...body, agent: 'b' },
    ])
  })

  const NEEDED = ['--agent', 'a', '--provider', 'github', '--expires', '1h']
  it.each<[string, readonly string[], RegExp]>([
    ['what every grant has', [], /missing: --agent, --provider, --expires;/],
    ['an access that is none', [...NEEDED, '--provider', 'slack:admin'], /NAME:read or NAME:write/],
    ['a provider twice', [...NEEDED, '--provider', 'github:write'], /twice/],
    ['a rule of another provider', [...NEEDED, '--allow', 'slack:GET /x'], /--provider slack/],
    ['a rule without a pattern', [...NEEDED, '--allow', 'github:GET'], /NAME:METHOD PATTERN/],
    ['a deny without a name', [...NEEDED, '--deny', '/x'], /NAME:PATTERN/],
    ['a span that is none', [...NEEDED, '--expires', 'soon'], /--expires 'soon'/],
    ['a part of a second', [...NEEDED, '--expires', '10ms'], /--expires/],
    ['a limit that is none', [...NEEDED, '--limit', '60'], /CALLS\/SPAN/],
    ['no calls', [...NEEDED, '--max-calls', '0'], /--max-calls/],
    ['an approval that is none', [...NEEDED, '--approval', 'some'], /--approval/],
    ['a file that is not there', ['--from', '/nowhere/x.json'], /cannot be read/],
    ['a file that is no JSON', ['--from', '-'], /no JSON/],
  ])('refuses %s, and sends nothing', async (_, args, said) => {
    const ran = await run(['grant', 'create', ...args], '{oops')
    expect([ran.code, ran.out, server.asked.length]).toEqual([2, '', 0])
    expect(ran.err).toMatch(said)
    expect(ran.err.trimEnd()).not.toContain('\n')
  })
})

describe('grant list', () => {
  it('goes from page to page, also over an empty one', async () => {
    const more = { ...GRANT, id: 'gr_second' }
    server.on(
      `GET ${GRANTS}`,
      json({ grants: [GRANT], next: 'c1' }),
      json({ grants: [], next: 'c2' }),
      json({ grants: [more], next: null }),
    )
    const ran = await run(['grant', 'list', '--tenant', 'acme', '--state', 'active'])
    expect(ran.code, ran.err).toBe(0)
    expect(server.asked.map(({ url }) => url.split('?')[1])).toEqual([
      'tenant=acme&state=active&limit=200',
      'tenant=acme&state=active&limit=199&cursor=c1',
      'tenant=acme&state=active&limit=199&cursor=c2',
    ])
    const [head = '', first = ''] = ran.out.split('\n')
    expect(head).toMatch(/^ID +STATE +TENANT +AGENT +MAY CALL +EXPIRES +NOTE$/)
    expect(first.indexOf('acme/website')).toBe(head.indexOf('TENANT'))
    expect(ran.out).toContain('gr_second')
  })

  it('stops at the limit, and says that there is more', async () => {
    server.on(`GET ${GRANTS}`, json({ grants: [GRANT], next: 'c1' }))
    const ran = await run(['grant', 'list', '--limit', '1'])
    expect([ran.code, server.asked.length]).toEqual([0, 1])
    expect(ran.err).toContain('there are more')
  })

  it('does not go round in circles', async () => {
    server.on(`GET ${GRANTS}`, json({ grants: [], next: 'c1' }))
    const ran = await run(['grant', 'list'])
    expect([ran.code, server.asked.length]).toEqual([70, 2])
  })
})

describe('token set', () => {
  const KEY = 'upstox:access_token'
  const route = 'PUT /_outpost/tokens/upstox%3Aaccess_token'

  it('takes the token from standard input or a file, and never shows it', async () => {
    server.on(route, nothing)
    const file = join(folder, 'token')
    writeFileSync(file, 'sentinel-upstream-two\n')
    const one = await run(['token', 'set', KEY], ' sentinel-upstream-one\n')
    const two = await run(['token', 'set', KEY, '--file', file, '--json'])
    expect(server.asked.map(({ body }) => body)).toEqual([
      { value: 'sentinel-upstream-one' },
      { value: 'sentinel-upstream-two' },
    ])
    expect(one).toEqual({ code: 0, out: `${KEY} is set\n`, err: '' })
    expect(two).toEqual({ code: 0, out: `{\n  "key": "${KEY}",\n  "set": true\n}\n`, err: '' })
  })

  it('does not show it when the server sends it back', async () => {
    server.on(route, refusal(400, 'PROXY_BAD_REQUEST', null, 'not sentinel-upstream-one'))
    const ran = await run(['token', 'set', KEY], 'sentinel-upstream-one')
    expect(ran.code).toBe(6)
    expect(ran.err).not.toContain('sentinel-upstream')
  })

  it.each([
    ['an argument', ['token', 'set', KEY, 'sentinel-upstream'], ''],
    ['an option', ['token', 'set', KEY, '--value=sentinel-upstream'], ''],
    ['nothing', ['token', 'set', KEY], ' \n'],
    ['a key that is a path', ['token', 'set', '..'], 'sentinel-upstream'],
    ['no file', ['token', 'set', KEY, '--file', '/nowhere/sentinel'], ''],
  ])('refuses %s', async (_, args, input) => {
    const ran = await run(args, input)
    expect([ran.code, server.asked.length]).toEqual([2, 0])
    expect(ran.err).not.toContain('sentinel-upstream')
  })
})

describe('exit codes', () => {
  const FIELDS = {
    fields: [
      { path: 'providers.0.access', expected: '"read" or "write"' },
      { path: 'cidrs.1', expected: 'a range' },
    ],
  }
  it.each<[string, Answer, number, RegExp]>([
    [
      'a stranger',
      refusal(401, 'PROXY_AUTH_REQUIRED'),
      4,
      /is OUTPOST_ADMIN_TOKEN that of this server\? \(401\)/,
    ],
    ['a viewer', refusal(403, 'PROXY_OPERATOR_DENIED'), 4, /may only read/],
    [
      'another 403',
      refusal(403, 'PROXY_CROSS_ORIGIN'),
      4,
      /not allowed: no \(403 PROXY_CROSS_ORIGIN\)/,
    ],
    ['closed', refusal(503, 'PROXY_CONTROL_CLOSED'), 4, /control plane .* is closed/],
    ['busy', refusal(503, 'PROXY_BUSY'), 3, /cannot answer now/],
    [
      'not found',
      refusal(404, 'PROXY_NOT_FOUND', null, 'nothing of that id'),
      5,
      /not found: nothing of that id/,
    ],
    ['no such endpoint', refusal(404, 'PROXY_NO_ROUTE'), 5, /older version/],
    [
      'conflict',
      refusal(409, 'PROXY_CONFLICT', null, 'the grant is revoked'),
      6,
      /the grant is revoked/,
    ],
    [
      'bad input',
      refusal(400, 'PROXY_BAD_REQUEST', FIELDS, 'wrong'),
      6,
      /wrong: providers\.0\.access: expected "read" or "write"; cidrs\.1: expected a range/,
    ],
    [
      'bad metadata',
      refusal(400, 'PROXY_BAD_REQUEST', { fields: [null, 1, {}] }, 'wrong'),
      6,
      /wrong \(400/,
    ],
    ['a failure', refusal(502, 'PROXY_UPSTREAM_ERROR'), 70, /the server failed/],
    ['HTML', text('<html>hello', 'text/html'), 3, /not Outpost's control plane \(200\)/],
    [
      'HTML and an error',
      text('<html>oops', 'text/html', 502),
      3,
      /not Outpost's control plane \(502\)/,
    ],
    ['an access page', text('<html>login', 'text/html', 403), 4, /not authorised/],
    [
      'JSON of somebody else, who is content with anything',
      (response) => {
        response.removeHeader('x-outpost-request-id')
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      3,
      /not Outpost's control plane \(200\)/,
    ],
    ['broken JSON', text('{"grant":', 'application/json'), 3, /not Outpost/],
    [
      'a form that is not known',
      json({ grant: { id: 5 } }),
      70,
      /a form that this version does not know \(grant\./,
    ],
    ['null', json(null), 70, /a form/],
    ['a connection that breaks', (response) => void response.destroy(), 3, /cannot reach/],
    [
      'a body that breaks',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' })
        response.write('{', () => response.destroy())
      },
      3,
      /cannot reach/,
    ],
    [
      'a long error',
      refusal(400, 'PROXY_BAD_REQUEST', null, 'x'.repeat(200_000)),
      3,
      /not Outpost/,
    ],
    ['an escape sequence in an error', refusal(400, 'PROXY_BAD_REQUEST', null, EVIL), 6, /red/],
    [
      'the token in an error',
      refusal(400, 'PROXY_BAD_REQUEST', null, `not ${ADMIN}`),
      6,
      /not \[secret\]/,
    ],
  ])('%s', async (_, answer, code, said) => {
    server.on(`GET ${ONE}`, answer)
    const ran = await run(['grant', 'show', GRANT.id])
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toMatch(said)
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(ran.err).toMatch(/^outpost: [^\x00-\x1f\x7f-\x9f\u202a-\u202e]{1,700}\n$/)
  })

  it('no server: 3', async () => {
    const gone = await startControl()
    await gone.close()
    const ran = await outpost(['status'], { url: gone.url })
    expect(ran.code).toBe(3)
    expect(ran.err).toBe(
      `outpost: cannot reach ${gone.url}: nothing listens there. Is it running (npm start)? (--url, OUTPOST_URL)\n`,
    )
  })

  it('a server that takes too long: 3', async () => {
    server.on('GET /_outpost/status', () => {})
    const ran = await run(['status', '--timeout', '300ms'])
    expect(ran.code).toBe(3)
    expect(ran.err).toContain('within 0.3 s')
  })

  it.each([
    ['no command', []],
    ['an unknown one', ['frobnicate']],
    ['an unknown option', ['status', '--frob']],
    ['no ID', ['grant', 'show']],
    ['an ID that leads elsewhere', ['grant', 'show', '../status']],
    ['two scopes', ['pause', '--provider', 'a', '--all']],
    ['no scope', ['resume']],
    ['a provider of a tenant', ['pause', '--provider', 'a', '--tenant', 'b']],
    ['nobody who calls', ['simulate', 'GET', '/', '--provider', 'a']],
    ['two queries', ['simulate', 'GET', '/?a', '--provider', 'a', '--host', 'h', '--query', 'b']],
    ['an approval for ever', ['approve', APPROVAL.id, '--for', 'ever']],
    ['a filter on a proof', ['audit', '--verify', '--agent', 'a']],
    ['a filter on an export', ['audit', '--export', '-', '--since', '1h']],
    ['a proof that goes on', ['audit', '--verify', '--follow']],
    ['an end of what has none', ['audit', '--follow', '--until', '1h']],
    ['a time that is none', ['audit', '--since', 'yesterday']],
    ['a watch on what is over', ['approvals', '--watch', '--state', 'used']],
    ['a timeout of nothing', ['status', '--timeout', '0']],
  ])('%s: 2', async (_, args) => {
    const ran = await run(args)
    expect([ran.code, ran.out, server.asked.length]).toEqual([2, '', 0])
    expect(ran.err).not.toBe('')
  })

  it('help and the version: 0', async () => {
    const ran = await outpost(['--help'], { env: {} })
    expect([ran.code, ran.err]).toEqual([0, ''])
    for (const each of ['Exit codes:', 'OUTPOST_ADMIN_TOKEN', '.dev.vars', 'grant', 'simulate']) {
      expect(ran.out).toContain(each)
    }
    expect(await outpost(['--version'], { env: {} })).toMatchObject({ code: 0, err: '' })
  })
})

describe('where the token goes', () => {
  it('is taken from .dev.vars for this machine, and from the environment before that', async () => {
    server.on('GET /_outpost/status', json(STATUS))
    writeFileSync(join(folder, '.dev.vars'), `OUTPOST_ADMIN_TOKEN="${ADMIN}"\n`)
    const at = { url: server.url, cwd: folder }
    expect((await outpost(['status'], { ...at, env: {} })).code).toBe(0)
    expect((await outpost(['status'], { ...at, env: { OUTPOST_ADMIN_TOKEN: 'other' } })).code).toBe(
      4,
    )
  })

  it.each([
    ['none anywhere', 'http://127.0.0.1:9', {}, [], 4, /set OUTPOST_ADMIN_TOKEN/],
    [
      'not from .dev.vars to elsewhere',
      'https://outpost.test',
      { vars: ADMIN },
      [],
      4,
      /set OUTPOST_ADMIN_TOKEN/,
    ],
    ['not in the clear', 'http://outpost.test', { env: ADMIN }, [], 2, /use https/],
    [
      'not in the clear to a name like loopback',
      'http://127.0.0.1.outpost.test',
      { env: ADMIN },
      [],
      2,
      /use https/,
    ],
    [
      'in the clear, if it must be',
      'http://outpost.invalid',
      { env: ADMIN },
      ['--insecure'],
      3,
      /cannot reach/,
    ],
    [
      'not in two lines',
      'http://127.0.0.1:9',
      { env: `${ADMIN}\n${ADMIN}` },
      [],
      2,
      /characters that no token has/,
    ],
    [
      'not with a password in the URL',
      'http://u:secret-word@127.0.0.1',
      { env: ADMIN },
      [],
      2,
      /a user or a password/,
    ],
    [
      'not below a path',
      'http://127.0.0.1:9/base',
      { env: ADMIN },
      [],
      2,
      /ends after its host: http:\/\/127.0.0.1:9$/m,
    ],
    ['not to what is no URL', 'nowhere', { env: ADMIN }, [], 2, /cannot be read/],
    ['not to a file', 'file:///', { env: ADMIN }, [], 2, /no http/],
  ])('%s', async (_, url, token: { env?: string; vars?: string }, args, code, said) => {
    if (token.vars) writeFileSync(join(folder, '.dev.vars'), `OUTPOST_ADMIN_TOKEN=${token.vars}\n`)
    const env: Record<string, string> = token.env ? { OUTPOST_ADMIN_TOKEN: token.env } : {}
    const ran = await outpost(['status', ...args], { url, env, cwd: folder })
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toMatch(said)
    expect(ran.err).not.toContain('secret-word')
  })

  it('follows no redirect', async () => {
    const seen: unknown[] = []
    const thief = createServer((request, response) => {
      seen.push(request.headers)
      response.end()
    }).listen(0, '127.0.0.1')
    await new Promise((done) => thief.once('listening', done))
    const location = `http://127.0.0.1:${(thief.address() as AddressInfo).port}/`
    try {
      server.on('GET /_outpost/status', text('', 'text/html', 302, { location }))
      const ran = await run(['status'])
      expect([ran.code, seen]).toEqual([3, []])
      expect(ran.err).toContain('redirects elsewhere (302)')
    } finally {
      thief.close()
    }
  })

  it('is sent in a header, and nowhere in what is asked', async () => {
    server.on('GET /_outpost/status', json(STATUS))
    await run(['status'])
    const [{ headers, ...rest } = { headers: {} }] = server.asked
    expect(headers.authorization).toBe(`Bearer ${ADMIN}`)
    expect(JSON.stringify(rest)).not.toContain(ADMIN)
  })
})

describe('text of strangers', () => {
  const evil = { ...GRANT, note: EVIL, agent: EVIL }
  it.each<[string, readonly string[], string, unknown]>([
    ['in a table', ['grant', 'list'], `GET ${GRANTS}`, { grants: [evil], next: null }],
    ['in a list', ['grant', 'show', GRANT.id], `GET ${ONE}`, { grant: evil }],
    [
      'of an approval',
      ['approvals'],
      `GET ${APPROVALS}`,
      { approvals: [{ ...APPROVAL, summary: EVIL, path: EVIL }] },
    ],
    [
      'of a pause',
      ['resume', '--all'],
      'POST /_outpost/resume',
      { paused: [{ ...PAUSED.paused[0], note: EVIL }] },
    ],
    [
      'of a simulation',
      ['simulate', 'GET', '/', '--host', 'h', '--provider', 'p'],
      'POST /_outpost/simulate',
      { ...DENIED, steps: [{ step: EVIL, ok: true, detail: EVIL }] },
    ],
    [
      'of the status',
      ['status'],
      'GET /_outpost/status',
      { ...STATUS, problems: [EVIL], version: EVIL },
    ],
    [
      'of a token',
      ['grant', 'rotate', GRANT.id],
      `POST ${ONE}/rotate`,
      { grant: GRANT, token: EVIL },
    ],
  ])('cannot steer the terminal: %s', async (_, args, route, answer) => {
    server.on(route, json(answer))
    const ran = await run(args)
    expect(ran.out).toContain(EVIL_SHOWN)
    expect(ran.out).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Cs}]/u)
  })

  it('means the same as JSON, and is as harmless', async () => {
    server.on(`GET ${ONE}`, json({ grant: evil }))
    const ran = await run(['grant', 'show', GRANT.id, '--json'])
    expect(ran.out).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Cs}]/u)
    expect(JSON.parse(ran.out)).toEqual({ grant: evil })
  })
})
