import { expect, it } from 'vitest'

import { problemsOf, providerOf, vectors } from './compiled.ts'

async function ruleOf(rule: string, mode = 'transparent') {
  const provider = await providerOf(
    `name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n  mode: ${mode}\n  allow:\n    - ${rule}\n`,
  )
  return provider.forwarding.allow[0]
}

it.each(vectors('bad-conditions.yaml'))('refuses $what', async ({ rule, problem }) => {
  const text = `name: x\nbase_url: https://x.test\nauth: none\nforwarding:\n  allow:\n    - ${rule}\n`
  expect(await problemsOf(text)).toEqual([expect.stringContaining(`providers/x.yaml:${problem}`)])
})

it.each([
  ['amount: 5000', { field: 'amount', steps: ['amount'], in: [5000] }],
  ['amount: 1_000', { field: 'amount', steps: ['amount'], in: [1000] }],
  ['amount: "5000"', { field: 'amount', steps: ['amount'], in: ['5000'] }],
  ['live: true', { field: 'live', steps: ['live'], in: [true] }],
  ['a: { equals: eur }', { field: 'a', steps: ['a'], in: ['eur'] }],
  ['a: { in: [eur, usd, eur] }', { field: 'a', steps: ['a'], in: ['eur', 'usd'] }],
  ['a: { gte: -1, lte: 0.5 }', { field: 'a', steps: ['a'], gte: -1, lte: 0.5 }],
  ['a: { absent: true }', { field: 'a', steps: ['a'], absent: true }],
  ['a: { required: true }', { field: 'a', steps: ['a'], required: true }],
  ['a: { lte: 1, required: false }', { field: 'a', steps: ['a'], lte: 1, required: false }],
  ['customer.id: x', { field: 'customer.id', steps: ['customer', 'id'], in: ['x'] }],
  ['"items[].price": 1', { field: 'items[].price', steps: ['items', null, 'price'], in: [1] }],
  ['"a[][]": 1', { field: 'a[][]', steps: ['a', null, null], in: [1] }],
  ['"[].a": 1', { field: '[].a', steps: [null, 'a'], in: [1] }],
  ["'a\\.b.c': 1", { field: 'a\\.b.c', steps: ['a.b', 'c'], in: [1] }],
  ['constructor: 1', { field: 'constructor', steps: ['constructor'], in: [1] }],
])('reads %s of a body', async (written, expected) => {
  expect(await ruleOf(`{ method: POST, pattern: /a, body: { ${written} } }`)).toMatchObject({
    body: [expected],
    query: [],
    when: null,
  })
})

it.each([
  ['limit: { lte: 100 }', { field: 'limit', steps: ['limit'], lte: 100 }],
  ['"created[gte]": 1', { field: 'created[gte]', steps: ['created', 'gte'], in: [1] }],
  ['"types[]": a', { field: 'types[]', steps: ['types', null], in: ['a'] }],
  ['page.size: 1', { field: 'page.size', steps: ['page.size'], in: [1] }],
])('reads %s of a query', async (written, expected) => {
  expect(await ruleOf(`{ method: GET, pattern: /a, query: { ${written} } }`)).toMatchObject({
    query: [expected],
    body: [],
  })
})

it('reads an expression into a program', async () => {
  const rule = await ruleOf('{ method: POST, pattern: /a, body: { a: { matches: "^[ab]?$" } } }')
  expect(rule?.body[0]?.matches).toEqual({
    source: '^[ab]?$',
    steps: [{ to: [1, 2] }, { ranges: [97, 98] }, { end: true }],
  })
})

it.each([
  ['approval: true', 'transparent', { approval: true, sensitive: true }],
  ['approval: true', 'allowlist', { approval: true, sensitive: true }],
  ['approval: true, sensitive: false', 'allowlist', { approval: true, sensitive: false }],
  ['deny: true', 'transparent', { deny: true, sensitive: null }],
  [
    'deny: false, approval: false',
    'transparent',
    { deny: false, approval: false, sensitive: null },
  ],
  ['when: { query: { a: 1 } }', 'transparent', { when: { query: [{ field: 'a' }], body: [] } }],
  ['when: null, query: null', 'transparent', { when: null, query: [], body: [] }],
])('reads a rule with %s, %s', async (written, mode, expected) => {
  expect(await ruleOf(`{ method: POST, pattern: /a, ${written} }`, mode)).toMatchObject(expected)
})
