import { describe, expect, it } from 'vitest'

import { compiledFiles, problemsOf, providerOf } from './compiled.ts'

const HEAD = 'name: x\nbase_url: https://x.test\nauth: none\n'

describe('git of a provider file', () => {
  it.each<[string, string, object]>([
    ['nothing but that it is git', 'git: {}', {}],
    [
      'lists',
      'git: { deny_push: [refs/heads/main, "refs/tags/**"], allow_push: [refs/heads/agent/*] }',
      {
        deny_push: ['refs/heads/main', 'refs/tags/**'],
        allow_push: ['refs/heads/agent/*'],
      },
    ],
    ['a list of which everything is commented out', 'git:\n  allow_push:\n', { allow_push: [] }],
    ['a push that is not sensitive', 'git: { sensitive: false }', { sensitive: false }],
    [
      'placeholders',
      'git: { deny_push: ["refs/heads/{x}/main"] }',
      { deny_push: ['refs/heads/{x}/main'] },
    ],
  ])('%s', async (_what, add, expected) => {
    const { git } = await providerOf(`${HEAD}${add}\n`)
    expect(git).toStrictEqual({ deny_push: [], allow_push: null, sensitive: true, ...expected })
  })

  it.each([
    [
      'deny_push: [main]',
      'expected the whole name of a ref, such as refs/heads/main or refs/tags/**; a branch is "refs/heads/main"',
    ],
    ['deny_push: ["*"]', 'expected the whole name of a ref'],
    ['deny_push: [heads/main]', 'expected the whole name of a ref'],
    ['deny_push: [refs/heads/]', 'expected the whole name of a ref'],
    ['deny_push: [/refs/heads/main]', 'expected the whole name of a ref'],
    ['deny_push: [refs//heads/main]', 'expected the whole name of a ref'],
    ['deny_push: [refs/heads/ma in]', 'expected the whole name of a ref'],
    ['deny_push: ["refs/heads/***"]', '"*" is one part of a name and "**" any number'],
    ['allow_push: ["refs/heads/[a-z]*"]', 'expected the whole name of a ref'],
    ['denypush: [refs/heads/main]', 'unknown key; did you mean "deny_push"?'],
    ['sensitive: "no"', 'expected true or false'],
  ])('refuses %s', async (text, message) => {
    expect(await problemsOf(`${HEAD}git: { ${text} }\n`)).toEqual([
      expect.stringContaining(message),
    ])
  })

  it('says where its keys belong', async () => {
    expect(await problemsOf(`${HEAD}deny_push: [refs/heads/main]\n`)).toEqual([
      expect.stringContaining('deny_push: unknown key here; it belongs under "git"'),
    ])
  })
})

describe('layout of a provider file', () => {
  it('names prefixes and what is there instead', async () => {
    const text =
      'layout: [{ prefix: /Api/v3, to: /x }, { prefix: /graphql, provider: X }, { prefix: / }]'
    const { layout } = await providerOf(`${HEAD}${text}\n`)
    expect(layout).toStrictEqual([
      { prefix: '/Api/v3', to: '/x', provider: null },
      { prefix: '/graphql', to: '/', provider: 'x' },
      { prefix: '/', to: '/', provider: null },
    ])
  })

  it.each([
    ['[{ prefix: /a/ }, { prefix: / }]', 'layout[0].prefix: expected a path such as /api/v3'],
    ['[{ prefix: a }, { prefix: / }]', 'layout[0].prefix: expected a path such as /api/v3'],
    ['[{ prefix: //a }, { prefix: / }]', 'layout[0].prefix: expected a path such as /api/v3'],
    ['[{ prefix: /../a }, { prefix: / }]', 'layout[0].prefix: expected a path such as /api/v3'],
    ['[{ prefix: /%61 }, { prefix: / }]', 'layout[0].prefix: expected a path such as /api/v3'],
    ['[{ prefix: /a, to: b }, { prefix: / }]', 'layout[0].to: expected a path such as /api/v3'],
    ['[{ prefix: /a }]', 'layout[0].prefix: the last entry has "prefix: /", for every other path'],
    ['[{ prefix: / }, { prefix: /a }]', 'layout[1].prefix: / stands before it'],
    ['[{ prefix: /a }, { prefix: /A/b }, { prefix: / }]', 'layout[1].prefix: /a stands before it'],
    [
      '[{ prefix: /a, provider: y }, { prefix: / }]',
      'layout[0].provider: no enabled provider is called "y"',
    ],
    ['[{ to: / }]', 'layout[0].prefix: missing; expected a path'],
  ])('refuses %s', async (text, message) => {
    expect(await problemsOf(`${HEAD}layout: ${text}\n`)).toContainEqual(
      expect.stringContaining(message),
    )
  })

  const to = 'layout: [{ prefix: /, provider: y }]\n'
  const other = (more: string) => `name: y\nbase_url: https://y.test\nauth: none\n${more}`
  it.each([
    ['another provider', to, '', []],
    ['one that is off', to, 'enabled: false\n', ['no enabled provider is called "y"']],
    ["another tenant's", to, 'tenant: acme\n', ['"y" belongs to the tenant "acme" alone']],
    ["its own tenant's", `tenant: acme\n${to}`, 'tenant: acme\n', []],
    ["another's, and its own is of a tenant", `tenant: acme\n${to}`, '', []],
    ['of what is off, nobody asks', `enabled: false\n${to}`, 'enabled: false\n', []],
  ])('leads to %s', async (_what, mine, theirs, expected) => {
    const { problems } = await compiledFiles({ x: HEAD + mine, y: other(theirs) })
    expect(problems.map(({ message }) => message)).toEqual(expected)
  })
})
