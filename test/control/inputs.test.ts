import { describe, expect, it } from 'vitest'

import { ADMIN, ask, fieldsIn } from './asking.ts'
import { aGrant } from './builders.ts'

const rule = (over: object) => ({
  providers: [{ provider: 'plain', access: 'read', allow: [{ ...over }] }],
})
const provider = (over: object) => ({ providers: [{ provider: 'plain', access: 'read', ...over }] })
const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

describe('what a grant may not be', () => {
  it.each<[string, object, string[]]>([
    ['a tenant with a space', { tenant: 'a b' }, ['tenant']],
    ['a tenant of 65', { tenant: 'a'.repeat(65) }, ['tenant']],
    ['no tenant', { tenant: '' }, ['tenant']],
    ['null as a tenant', { tenant: null }, ['tenant']],
    ['a project with a blank', { project: 'a b' }, ['project']],
    ['a project of 101', { project: 'a'.repeat(101) }, ['project']],
    ['an agent of another alphabet', { agent: 'агент' }, ['agent']],
    ['an agent that is a list', { agent: ['a'] }, ['agent']],
    ['no agent', { agent: undefined }, ['agent']],
    ['no providers', { providers: [] }, ['providers']],
    ['providers that are an object', { providers: {} }, ['providers']],
    [
      '51 providers',
      { providers: many(51, (at) => ({ provider: `p${at}`, access: 'read' })) },
      ['providers'],
    ],
    [
      'a provider twice',
      { providers: many(2, (at) => ({ provider: at ? 'PLAIN' : 'plain', access: 'read' })) },
      ['providers'],
    ],
    [
      'a provider that is a list',
      { providers: [[]] },
      ['providers.0.provider', 'providers.0.access'],
    ],
    ['an access that is none', provider({ access: 'admin' }), ['providers.0.access']],
    ['a field of a provider', provider({ acess: 'read' }), ['providers.0.acess']],
    ['an empty list of rules', provider({ allow: [] }), ['providers.0.allow']],
    [
      '201 rules',
      provider({ allow: many(201, () => ({ method: 'GET', pattern: '/' })) }),
      ['providers.0.allow'],
    ],
    ['201 denials', provider({ deny: many(201, () => '/a') }), ['providers.0.deny']],
    ['a denial that is no pattern', provider({ deny: ['/ok', 'no'] }), ['providers.0.deny.1']],
    ['a rule without a method', rule({ pattern: '/' }), ['providers.0.allow.0']],
    [
      'a rule with both words',
      rule({ method: 'GET', methods: ['GET'], pattern: '/' }),
      ['providers.0.allow.0'],
    ],
    ['a rule without a pattern', rule({ method: 'GET' }), ['providers.0.allow.0']],
    [
      'a rule with both patterns',
      rule({ method: 'GET', pattern: '/', path: '/' }),
      ['providers.0.allow.0'],
    ],
    ['no methods', rule({ methods: [], pattern: '/' }), ['providers.0.allow.0.methods']],
    [
      'a method that is none',
      rule({ method: 'FETCH', pattern: '/' }),
      ['providers.0.allow.0.method'],
    ],
    ['TRACE', rule({ methods: ['GET', 'TRACE'], pattern: '/' }), ['providers.0.allow.0.methods.1']],
    [
      'a category in a rule',
      rule({ method: 'GET', pattern: '/', category: 'x' }),
      ['providers.0.allow.0.category'],
    ],
    ...[
      'repos',
      '/a?b',
      '/a#b',
      '/a\\b',
      '/a b',
      '/%zz',
      '/../a',
      '/a/%2e%2e',
      '/***',
      '/{',
      '/a\u0000',
      '',
    ].map((pattern): [string, object, string[]] => [
      `the pattern ${JSON.stringify(pattern)}`,
      rule({ method: 'GET', pattern }),
      ['providers.0.allow.0.pattern'],
    ]),
    [
      'a pattern of 513',
      rule({ method: 'GET', path: `/${'a'.repeat(512)}` }),
      ['providers.0.allow.0.path'],
    ],
    ['101 ranges', { cidrs: many(101, () => '192.0.2.1') }, ['cidrs']],
    ...['192.0.2.0/33', '10.0.0', 'localhost', '::1%eth0', '010.0.0.1', ''].map(
      (cidr): [string, object, string[]] => [
        `the range ${cidr}`,
        { cidrs: ['192.0.2.1', cidr] },
        ['cidrs.1'],
      ],
    ),
    ...[0, -1, 1.5, 7_776_001, '3600', null, 1e99].map((expires_in): [string, object, string[]] => [
      `an end after ${expires_in}`,
      { expires_in },
      ['expires_in'],
    ]),
    ['no end', { expires_in: undefined }, ['expires_in']],
    ...[0, 1_000_000_001, '5'].map((max_calls): [string, object, string[]] => [
      `${max_calls} calls`,
      { max_calls },
      ['max_calls'],
    ]),
    ['9 windows', { rate_limits: many(9, () => ({ capacity: 1, window_ms: 1 })) }, ['rate_limits']],
    [
      'a window of nothing',
      { rate_limits: [{ capacity: 0, window_ms: 0 }] },
      ['rate_limits.0.capacity', 'rate_limits.0.window_ms'],
    ],
    [
      'a window of 32 days',
      { rate_limits: [{ capacity: 1, window_ms: 32 * 86_400_000 }] },
      ['rate_limits.0.window_ms'],
    ],
    ['an approval that is none', { approval: true }, ['approval']],
    ['61 s of holding', { approval_hold_seconds: 61 }, ['approval_hold_seconds']],
    ['a note of 501', { note: 'a'.repeat(501) }, ['note']],
    ['a note that moves the cursor', { note: '\u001b[2J' }, ['note']],
    ['a note with a null byte', { note: 'a\u0000b' }, ['note']],
    ['half a character in a note', { note: '\ud800' }, ['note']],
    ['a field that is none', { expires: 1 }, ['expires']],
    ['an id', { id: 'gr_1' }, ['id']],
    [
      'everything wrong',
      { tenant: 1, agent: 2, providers: 3, expires_in: 4.5 },
      ['tenant', 'agent', 'providers', 'expires_in'],
    ],
  ])('%s', async (_title, over, fields) => {
    const answer = await ask('createGrant', { body: aGrant(over) })
    expect(Object.keys(fieldsIn(answer)).toSorted()).toEqual([...fields].toSorted())
  })

  it('is told what was expected, and never what was sent', async () => {
    const sent = 'sent-5d1c'
    const body = aGrant({
      tenant: `${sent} `,
      agent: [sent],
      providers: [{ provider: `${sent}!`, access: sent, [`${sent}-9`]: sent, allow: sent }],
      cidrs: [sent],
      expires_in: sent,
      approval: sent,
      note: `${sent}\u0007`,
      [sent]: sent,
    })
    const answer = await ask('createGrant', { body })
    expect(answer.text).not.toContain(sent)
    const fields = fieldsIn(answer)
    expect(fields).toMatchObject({
      tenant: '1 to 64 letters, digits, "_" or "-"',
      'providers.0.access': '"read" or "write"',
      'providers.0.?': 'no such field',
      expires_in: 'a whole number from 1 to 7776000',
    })
    expect(Object.values(fields)).not.toContain('something else')
  })
})

describe('a body', () => {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  it.each<[string, string | Uint8Array]>([
    ['nothing that is JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"all"'],
    ['a number', '1'],
    ['JSON and more', '{"all":true} x'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0])],
    ['nesting without end', deep(30_000)],
    ['white space', '   '],
  ])('%s is refused', async (_title, body) => {
    expect(fieldsIn(await ask('pause', { body }))).toEqual({ '': 'a JSON object' })
  })

  it.each<[string, string, string]>([
    ['__proto__', '{"all":true,"__proto__":{"note":"x"}}', '__proto__'],
    ['constructor', '{"all":true,"constructor":{}}', 'constructor'],
    ['toString', '{"all":true,"toString":1}', 'toString'],
    ['deep nesting in a field', `{"all":${deep(30_000)}}`, 'all'],
  ])('%s is a field like any other', async (_title, body, path) => {
    expect(Object.keys(fieldsIn(await ask('pause', { body })))).toEqual([path])
    expect({}).not.toHaveProperty('note')
  })

  it('has 64 KiB at most', async () => {
    const fits = JSON.stringify({ note: '', all: true }).padEnd(65_536)
    expect((await ask('resume', { body: '{"all":true}'.padEnd(65_536) })).status).toBe(200)
    expect((await ask('pause', { body: `${fits} ` })).json['error'].code).toBe(
      'PROXY_BODY_TOO_LARGE',
    )
    const chunks = Array.from({ length: 8 }, () => new Uint8Array(16_384).fill(32))
    const long = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const chunk = chunks.pop()
        if (chunk) controller.enqueue(chunk)
        else controller.close()
      },
    })
    const { open } = await import('../worker/call.ts')
    const headers = { ...ADMIN, 'content-type': 'application/json' }
    // In this isolate: a body that is not taken makes the runtime complain of its own pipes.
    const asking = { method: 'POST', headers, body: long, env: {} }
    const { response } = await open('/_outpost/pause', asking)
    expect([response.status, await response.text()]).toEqual([413, expect.any(String)])
  })

  it('may begin with a byte order mark', async () => {
    expect((await ask('resume', { body: '\ufeff{"all":true}' })).status).toBe(200)
  })
})

describe('a query', () => {
  it.each<[string, string[]]>([
    ['?limit=', ['limit']],
    ['?limit=50&limit=50', ['limit']],
    ['?limit=%00', ['limit']],
    ['?limit=１', ['limit']],
    ['?limit=999999999999999999', ['limit']],
    ['?tenant=%E0%A4%A', ['tenant']],
    ['?state=Active', ['state']],
    ['?__proto__=x', ['__proto__']],
    ['?sort=asc&order=1', ['sort']],
    ['?op_secret1=x', ['?']],
  ])('%s is refused', async (query, fields) => {
    expect(Object.keys(fieldsIn(await ask('listGrants', { query })))).toEqual(fields)
  })

  it.each(['?', '?limit=500', '?tenant=default&', '?agent=a%2Bb'])('%s is right', async (query) => {
    expect((await ask('listGrants', { query })).status).toBe(200)
  })
})
