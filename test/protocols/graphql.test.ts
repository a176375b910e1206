import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import type { Call } from '../../src/call.ts'
import { Unreadable } from '../../src/content/content.ts'
import { graphql } from '../../src/protocols/graphql.ts'
import type { GraphqlRules } from '../../src/protocols/graphql_rules.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

const STORED = '{ viewer { login } }'
const STORED_MUTATION = 'mutation { deleteRepository(id: 1) { id } }'

function rules(over: Partial<GraphqlRules> = {}): GraphqlRules {
  return {
    path: '/graphql',
    allow: null,
    sensitive: [],
    deny: [],
    max_depth: null,
    max_aliases: null,
    max_root_fields: null,
    persisted: { stored: STORED, [hashOf(STORED)]: STORED, wipe: STORED_MUTATION },
    treat_writes_as_sensitive: true,
    ...over,
  }
}

function call(method: string, query: string, headers: Record<string, string> = {}): Call {
  const path = '/graphql'
  const request = new Request(`https://proxy.test${path}${query}`, { method, headers })
  return { method, path, query, named: { by: 'header', name: 'api' }, request }
}

interface Sent {
  readonly body?: unknown
  readonly text?: string
  readonly type?: string | null
  readonly query?: string
  readonly headers?: Record<string, string>
}

/** `allow`, `sensitive`, `deny` (by name), `no route` (not in a complete list) or `unreadable`. */
function outcome({ body, text, type, query, headers }: Sent, over: Partial<GraphqlRules> = {}) {
  const json = { 'content-type': type ?? 'application/json' }
  const asked = call('POST', query ?? '', { ...(type === null ? {} : json), ...headers })
  const bytes = new TextEncoder().encode(text ?? JSON.stringify(body))
  return judged(() => graphql.read(asked, rules(over), { bytes, whole: true }))
}

function got(query: string, over: Partial<GraphqlRules> = {}, method = 'GET') {
  return judged(() => graphql.read(call(method, query), rules(over), null))
}

function judged(read: () => ReturnType<typeof graphql.read>): string {
  try {
    const { name, ruling } = read()
    if (ruling?.is === 'deny') {
      return `${ruling.listed ? 'deny' : 'no route'} ${ruling.rule}: ${name}`
    }
    return `${ruling?.sensitive === true ? 'sensitive' : 'allow'} ${ruling?.rule}: ${name}`
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable'
    throw error
  }
}

const document = (query: string, operationName?: string) =>
  outcome({ body: operationName === undefined ? { query } : { query, operationName } })

describe('what a document asks for', () => {
  it.each([
    ['{ viewer { login } }', 'allow graphql: query viewer'],
    [
      'query { repository(owner: "a", name: "b") { id } viewer { login } }',
      'allow graphql: query repository, viewer',
    ],
    ['mutation { createIssue(input: {}) { id } }', 'sensitive graphql: mutation createIssue'],
    ['mutation M($a: ID!) { b: addStar(id: $a) { id } }', 'sensitive graphql: mutation addStar'],
    ['subscription { changed { id } }', 'allow graphql: subscription changed'],
    ['{ viewer: __schema { types { name } } }', 'allow graphql: query __schema'],
    ['{ ...F } fragment F on Query { viewer { login } }', 'allow graphql: query viewer'],
    [
      'mutation { ... on Mutation { a: deleteRepository { id } } }',
      'sensitive graphql: mutation deleteRepository',
    ],
    [
      'mutation { ... { ...F @skip(if: true) } } fragment F on Other { ...G } fragment G on X { wipe }',
      'sensitive graphql: mutation wipe',
    ],
    ['mutation { wipe @skip(if: true) }', 'sensitive graphql: mutation wipe'],
    ['# query { a }\nmutation { b(text: "} query { c") }', 'sensitive graphql: mutation b'],
    ['mutation { b(text: """} \\""" query { c """) }', 'sensitive graphql: mutation b'],
    ['\uFEFF{ viewer }', 'allow graphql: query viewer'],
    ['query{a}\r\n', 'allow graphql: query a'],
  ])('%s: %s', (query, expected) => {
    expect(document(query)).toBe(expected)
  })
})

describe('which operation of a document', () => {
  const two = 'query A { a } mutation B { b }'
  it.each([
    [two, 'A', 'allow graphql: query a'],
    [two, 'B', 'sensitive graphql: mutation b'],
    [two, undefined, 'unreadable'],
    [two, '', 'unreadable'],
    [two, 'C', 'unreadable'],
    ['query A { a }', 'A', 'allow graphql: query a'],
    ['query A { a }', undefined, 'allow graphql: query a'],
    ['query A { a }', 'a', 'unreadable'],
    ['{ a } mutation B { b }', 'B', 'unreadable'],
    ['{ a } mutation { b }', undefined, 'unreadable'],
    ['query A { a } mutation A { b }', 'A', 'unreadable'],
    ['query A { a } query A { b }', 'A', 'unreadable'],
  ])('%s, operationName %s: %s', (query, name, expected) => {
    expect(document(query, name)).toBe(expected)
  })
})

describe('a document that is refused', () => {
  it.each([
    ['', 'no document'],
    ['# nothing', 'no operation'],
    ['fragment F on Query { a }', 'no operation'],
    ['{ a', 'not closed'],
    ['{ a } type Query { a: Int }', 'types'],
    ['{ a } extend type Query { b: Int }', 'types'],
    ['{ ...F }', 'a fragment that is not there'],
    ['{ ...F } fragment F on Q { ...F }', 'a fragment in itself'],
    [
      '{ ...F } fragment F on Q { a { ...G } } fragment G on Q { b { ...F } }',
      'two fragments in each other',
    ],
    ['{ ...F } fragment F on Q { a } fragment F on Q { b }', 'two fragments of one name'],
    ['{ a #\r} mutation { b }', 'a line that ends here and not there'],
    ['mutation { a #\u2028 b\n}', 'a line that ends for graphql-java'],
    ['mutation { a #\u2029 b\n}', 'the same'],
    [`{ a(b: """${'x'.repeat(10_000_000)}`, 'a text without an end'],
    [`${'{ a '.repeat(5000)}${'}'.repeat(5000)}`, 'deep selections'],
    [`{ a(b: ${'['.repeat(9000)}${']'.repeat(9000)}) }`, 'deep values'],
    [`{ a(b: ${'{c:'.repeat(9000)}1${'}'.repeat(9000)}) }`, 'deep objects'],
    [`query (${'$a: ['.repeat(300)}`, 'deep types'],
    [
      `{ a(b: ${'['.repeat(99)}${']'.repeat(99)}) }`,
      'values of 101 levels, with the braces and the parenthesis',
    ],
    [`{ ${'a '.repeat(30_000)} }`, 'too many tokens'],
    [
      `{ ...F0 } ${chain(300, (n) => `...F${n + 1}`)} fragment F300 on Q { a }`,
      'fragments in fragments',
    ],
    ['query ($a: Int = $b) { a }', 'a variable in a constant'],
  ])('%#', (query, why) => {
    expect(document(query), why).toBe('unreadable')
  })
})

function chain(length: number, inner: (n: number) => string): string {
  return Array.from({ length }, (_, n) => `fragment F${n} on Q { ${inner(n)} }`).join(' ')
}

describe('brackets in strings are no depth', () => {
  it.each([
    [`{ a(b: ${'['.repeat(98)}${']'.repeat(98)}) }`],
    [`{ a(b: "${'{'.repeat(500)}") }`],
    [`{ a(b: """${'['.repeat(500)}""") }`],
    [`{ a # ${'('.repeat(500)}\n }`],
  ])('%#', (query) => {
    expect(document(query)).toBe('allow graphql: query a')
  })
})

describe('limits', () => {
  const bomb = `{ ...F0 } ${chain(60, (n) => `...F${n + 1} ...F${n + 1}`)} fragment F60 on Q { a: b }`
  it.each([
    ['{ a { b { c } } }', { max_depth: 3 }, 'allow'],
    ['{ a { b { c } } }', { max_depth: 2 }, 'deny graphql.max_depth'],
    ['{ ... { ... { a { ... { b } } } } }', { max_depth: 2 }, 'allow'],
    ['{ a { ...F } } fragment F on T { b { c } }', { max_depth: 2 }, 'deny graphql.max_depth'],
    ['{ x: a { y: b } c }', { max_aliases: 2 }, 'allow'],
    ['{ x: a { y: b } z: c }', { max_aliases: 2 }, 'deny graphql.max_aliases'],
    ['{ ...F ...F } fragment F on Q { x: a y: b }', { max_aliases: 3 }, 'deny graphql.max_aliases'],
    ['{ a b c }', { max_root_fields: 3 }, 'allow'],
    ['{ a b x: a y: a }', { max_root_fields: 3 }, 'deny graphql.max_root_fields'],
    [
      '{ ...F ... { ...F } } fragment F on Q { a b }',
      { max_root_fields: 3 },
      'deny graphql.max_root_fields',
    ],
    [bomb, { max_aliases: 1000 }, 'deny graphql.max_aliases'],
    [bomb, { max_root_fields: 1000 }, 'deny graphql.max_root_fields'],
    [bomb, {}, 'allow graphql: query b'],
  ])('%.60s, %o: %s', (query, limits, expected) => {
    expect(outcome({ body: { query } }, limits)).toContain(expected)
  })

  it('of a batch hold for all of its parts together', () => {
    const body = [{ query: '{ x: a }' }, { query: '{ x: a }' }]
    expect(outcome({ body }, { max_aliases: 1 })).toContain('deny graphql.max_aliases')
    expect(outcome({ body }, { max_root_fields: 1 })).toContain('deny graphql.max_root_fields')
    expect(outcome({ body }, { max_depth: 1 })).toContain('allow')
  })

  /** The shortest of a few times, since others use this machine too. */
  function best(query: string): number {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now()
      document(query)
      return performance.now() - started
    })
    return Math.min(...times)
  }

  it.each<[string, (size: number) => string]>([
    [
      'spreads',
      (size) =>
        `{ ${'...F '.repeat(700 * size)} } fragment F on Q { ${Array.from({ length: 500 * size }, (_, n) => `f${n}`).join(' ')} }`,
    ],
    ['escapes', (size) => `{ a(b: "${'\\"'.repeat(10_000 * size)}) }`],
    ['quotes', (size) => `{ a(b: ${'"""'.repeat(8000 * size)}) }`],
  ])('cost time that is linear in the document: %s', (_what, made) => {
    // Sixteen times as long; in squares that would be 256.
    const [short, long] = [made(0.5), made(8)].map(best)
    expect(long).toBeLessThan(Math.max(5, short ?? 0) * 64)
  })
})

describe('the lists', () => {
  const lists = {
    allow: ['query', 'mutation.addComment'],
    sensitive: ['mutation.*', 'query.secret'],
    deny: ['mutation.deleteRepository', 'query.__schema', 'subscription'],
  }
  it.each([
    ['{ viewer { id } }', 'allow graphql.allow[0]: query viewer'],
    ['{ viewer { id } secret }', 'sensitive graphql.sensitive[1]: query secret, viewer'],
    ['mutation { addComment { id } }', 'sensitive graphql.sensitive[0]: mutation addComment'],
    [
      'mutation { addComment { id } x: deleteRepository { id } }',
      'deny graphql.deny[0]: mutation addComment, deleteRepository',
    ],
    ['{ viewer: __schema { types { name } } }', 'deny graphql.deny[1]: query __schema'],
    ['{ __type(name: "X") { name } }', 'allow graphql.allow[0]: query __type'],
    ['subscription { a }', 'deny graphql.deny[2]: subscription a'],
  ])('%s: %s', (query, expected) => {
    expect(outcome({ body: { query } }, lists)).toBe(expected)
  })

  it.each([
    [{ allow: ['query.viewer'] }, '{ viewer { id } }', 'allow graphql.allow[0]: query viewer'],
    [
      { allow: ['query.viewer'] },
      '{ viewer { id } __typename }',
      'allow graphql.allow[0]: query __typename, viewer',
    ],
    [
      { allow: ['query.viewer'] },
      '{ viewer { id } other }',
      'no route graphql.allow: query other, viewer',
    ],
    [{ allow: ['query.view'] }, '{ viewer { id } }', 'no route graphql.allow: query viewer'],
    [{ allow: ['query.Viewer'] }, '{ viewer { id } }', 'no route graphql.allow: query viewer'],
    [{ allow: [] }, '{ viewer { id } }', 'no route graphql.allow: query viewer'],
    [
      { allow: ['mutation.addComment'] },
      'mutation { addComment }',
      'allow graphql.allow[0]: mutation addComment',
    ],
    [
      { allow: ['mutation.addComment'] },
      'query { addComment }',
      'no route graphql.allow: query addComment',
    ],
    [{ treat_writes_as_sensitive: false }, 'mutation { a }', 'allow graphql: mutation a'],
    [{ deny: ['query.__typename'] }, '{ __typename }', 'deny graphql.deny[0]: query __typename'],
    [{ allow: [], deny: ['query.b'] }, '{ a b }', 'deny graphql.deny[0]: query a, b'],
  ])('%o %s: %s', (over, query, expected) => {
    expect(outcome({ body: { query } }, over)).toBe(expected)
  })
})

describe('a batch is the sum of its parts', () => {
  const query = '{ a }'
  const mutation = 'mutation { b }'
  it.each([
    [[{ query }], 'allow graphql: query a'],
    [[{ query }, { query: mutation }], 'sensitive graphql: query a; mutation b'],
    [
      [{ query }, { query: mutation }, { id: 'wipe' }],
      'deny graphql.deny[0]: query a; mutation b; mutation deleteRepository',
    ],
    [[], 'unreadable'],
    [[[{ query }]], 'unreadable'],
    [[{ query }, null], 'unreadable'],
    [[{ query }, { query: '{' }], 'unreadable'],
    [Array.from({ length: 101 }, () => ({ query })), 'unreadable'],
  ])('%#: %s', (body, expected) => {
    expect(outcome({ body }, { deny: ['mutation.deleteRepository'] })).toBe(expected)
  })
})

describe('documents that the upstream has', () => {
  const other = '{ other }'
  const apq = (sha256Hash: unknown) => ({ persistedQuery: { version: 1, sha256Hash } })
  it.each([
    [{ id: 'stored' }, 'allow graphql: query viewer'],
    [{ documentId: 'wipe' }, 'sensitive graphql: mutation deleteRepository'],
    [{ extensions: apq(hashOf(STORED)) }, 'allow graphql: query viewer'],
    [{ extensions: apq(hashOf(STORED)), query: STORED }, 'allow graphql: query viewer'],
    [{ extensions: apq(hashOf(other)), query: other }, 'allow graphql: query other'],
    [{ extensions: apq(hashOf(STORED)), query: other }, 'unreadable'],
    [{ extensions: apq(hashOf(STORED).toUpperCase()), query: STORED }, 'unreadable'],
    [{ extensions: apq(hashOf(other)) }, 'unreadable'],
    [{ id: 'stored', query: other }, 'unreadable'],
    [{ id: 'unknown', query: other }, 'unreadable'],
    [{ id: 'unknown' }, 'unreadable'],
    [{ id: 'constructor' }, 'unreadable'],
    [{ id: 'stored', documentId: 'wipe' }, 'unreadable'],
    [{ id: 'stored', extensions: apq(hashOf(STORED)) }, 'unreadable'],
    [{ id: 5, query: other }, 'unreadable'],
    [{ extensions: apq(null), query: other }, 'unreadable'],
    [{ extensions: { persistedQuery: null }, query: other }, 'unreadable'],
    [{ extensions: { persistedQuery: { sha256Hash: hashOf(STORED), id: 'wipe' } } }, 'unreadable'],
    [{ extensions: { PersistedQuery: { sha256Hash: 'x' } }, query: other }, 'unreadable'],
    [{ extensions: { persistedDocument: 'x' }, query: other }, 'unreadable'],
    [{ extensions: { clientLibrary: { name: 'x' } }, query: other }, 'allow graphql: query other'],
    [
      { extensions: null, variables: null, operationName: null, query: other },
      'allow graphql: query other',
    ],
    [{ extensions: 'x', query: other }, 'unreadable'],
  ])('%j: %s', (body, expected) => {
    expect(outcome({ body })).toBe(expected)
  })
})

describe('a body', () => {
  const text = '{"query":"{ a }"}'
  it.each([
    [{ text }, 'allow graphql: query a'],
    [{ text, type: 'application/json; charset=UTF-8' }, 'allow graphql: query a'],
    [{ text, type: 'application/json;charset="utf-8"' }, 'allow graphql: query a'],
    [{ text, type: 'application/json; charset=utf-16' }, 'unreadable'],
    [{ text, type: 'application/json, text/plain' }, 'unreadable'],
    [{ text, type: 'multipart/form-data; boundary=x' }, 'unreadable'],
    [{ text, type: 'application/xml' }, 'unreadable'],
    [{ text, type: null }, 'allow graphql: query a'],
    [{ text, type: 'application/x-www-form-urlencoded' }, 'allow graphql: query a'],
    [{ text: 'query={a}', type: 'application/x-www-form-urlencoded' }, 'unreadable'],
    [
      {
        text: '{"query":"{ a }","variables":{"x":"&query=mutation{b}&"}}',
        type: 'application/x-www-form-urlencoded',
      },
      'unreadable',
    ],
    [
      { text: '{"query":"{ a }","variables":{"x":"&%71uery=mutation{b}&"}}', type: null },
      'unreadable',
    ],
    [
      { text: '{"query":"{ a }","variables":{"x":"&query=mutation{b}&"}}' },
      'allow graphql: query a',
    ],
    [{ text: '{ a }', type: 'application/graphql' }, 'allow graphql: query a'],
    [{ text: 'mutation { a }', type: 'application/graphql' }, 'sensitive graphql: mutation a'],
    [{ text: '{ a }' }, 'unreadable'],
    [{ text: '{"query":"{ a(b: \\"\\ud800\\") }"}' }, 'unreadable'],
    [{ text: '' }, 'unreadable'],
    [{ text: '"{ a }"' }, 'unreadable'],
    [{ text: '\uFEFF{"query":"{ a }"}' }, 'unreadable'],
    [{ text: '{"query":"{ a }","query":"mutation { b }"}' }, 'unreadable'],
    [{ text: '{"query":"{ a }","\\u0071uery":"mutation { b }"}' }, 'unreadable'],
    [{ text: '{"query":"{ a }","Query":"mutation { b }"}' }, 'unreadable'],
    [{ text: '{"query":"{ a }","doc_id":"5"}' }, 'unreadable'],
    [{ text: '{"query":["{ a }"]}' }, 'unreadable'],
    [{ text: '{"query":"{ a }","operationName":5}' }, 'unreadable'],
    [{ text, query: '?query=mutation{b}' }, 'unreadable'],
    [{ text, query: '?Query=mutation{b}' }, 'unreadable'],
    [{ text, query: '?x=1&%6fperationName=B' }, 'unreadable'],
    [{ text, query: '?id=wipe' }, 'unreadable'],
    [{ text, query: '?pretty=1' }, 'allow graphql: query a'],
    [{ text, headers: { 'content-encoding': 'gzip' } }, 'unreadable'],
    [{ text, headers: { 'content-encoding': 'identity' } }, 'allow graphql: query a'],
  ])('%j: %s', (sent, expected) => {
    expect(outcome(sent)).toBe(expected)
  })
})

describe('by GET', () => {
  const encoded = encodeURIComponent
  it.each([
    [`?query=${encoded('{ a }')}`, 'allow graphql: query a'],
    ['?query=query+A%7Ba%7D+query+B%7Bb%7D&operationName=B', 'allow graphql: query b'],
    [
      `?query=${encoded('{a}')}&variables=${encoded('{"x":1}')}&extensions=`,
      'allow graphql: query a',
    ],
    [
      `?extensions=${encoded(`{"persistedQuery":{"version":1,"sha256Hash":"${hashOf(STORED)}"}}`)}`,
      'allow graphql: query viewer',
    ],
    ['?id=stored&token=x', 'allow graphql: query viewer'],
    ['?id=wipe', 'unreadable'],
    [`?query=${encoded('mutation { b }')}`, 'unreadable'],
    ['?query={a}&query={b}', 'unreadable'],
    ['?query={a}&Query={b}', 'unreadable'],
    ['?query[]={a}', 'unreadable'],
    ['?query={a};operationName=B', 'unreadable'],
    ['?q%75ery={a}', 'unreadable'],
    ['?query={a}&queryId=7', 'unreadable'],
    ['?query=%7Ba%7D%FF', 'unreadable'],
    ['?query=%257Ba%257D', 'unreadable'],
    ['?query={a}&variables={', 'unreadable'],
    ['?query={a}&extensions=[]', 'unreadable'],
    ['', 'unreadable'],
    ['?', 'unreadable'],
  ])('%s: %s', (query, expected) => {
    expect(got(query)).toBe(expected)
  })

  it.each([
    ['HEAD', 'allow graphql: query a'],
    ['PUT', 'unreadable'],
    ['PATCH', 'unreadable'],
    ['DELETE', 'unreadable'],
    ['QUERY', 'unreadable'],
  ])('%s: %s', (method, expected) => {
    expect(got('?query={a}', {}, method)).toBe(expected)
  })

  it('a WebSocket is refused: what goes through it cannot be told', () => {
    const upgrade = call('GET', '', { upgrade: 'websocket' })
    expect(judged(() => graphql.read(upgrade, rules(), null))).toBe('deny graphql: websocket')
  })
})

describe('whose calls they are', () => {
  it.each([
    ['POST', '/graphql', 'body'],
    ['GET', '/graphql', 'nothing'],
    ['PUT', '/graphql', 'nothing'],
    ['OPTIONS', '/graphql', null],
    ['POST', '/graphql/', 'body'],
    ['POST', '/GraphQL', 'body'],
    ['POST', '/%67raphql', 'body'],
    ['POST', '//graphql;x=1', 'body'],
    ['POST', '/graphql/x', 'body'],
    ['POST', '/graphql.json', 'body'],
    ['POST', '/graphqlx', null],
    ['POST', '/v1/graphql', null],
  ])('%s %s: %s', (method, path, expected) => {
    const asked = { ...call(method, ''), path }
    expect(graphql.wants(asked, rules())).toBe(expected)
  })

  it('a pattern names more than one path', () => {
    const asked = { ...call('POST', ''), path: '/admin/api/2026-01/graphql.json' }
    expect(graphql.wants(asked, rules({ path: '/admin/api/*/graphql.json' }))).toBe('body')
  })
})

it('a name that is too long has the digest of all that it leaves out', () => {
  const fields = (last: string) =>
    `{ ${Array.from({ length: 60 }, (_, n) => `field${n}`).join(' ')} ${last} }`
  const [one, other] = [document(fields('x')), document(fields('y'))].map((said) =>
    said.slice('allow graphql: '.length),
  )
  expect(one).toMatch(/^query field0, .* \.\.\. [0-9a-f]{32}$/)
  expect(one).toHaveLength(200)
  expect(other).not.toBe(one)
})
