import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { BACKENDS } from '../../src/sources/index.ts'
import { backendOf } from './backend_of.ts'
import { failureOf, readingOf } from './reading.ts'
import type { TestReading } from './reading.ts'

const problem = (uri: string): string | null => backendOf(uri).problem(uri)

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1b2c3'

describe('a reference', () => {
  it.each([
    'op://vault/item/field',
    'op://My Vault/An item. no/field',
    'op://vault/item/section/field',
    'op://ionaiwtdvgclrixbt6ztpqcxnq/p7eflcy7f5mk7vg6zrzf5rjjyu/credential',
    'infisical://64f1c1a0/prod/KEY',
    'infisical://64f1c1a0/prod/a/b/c/KEY',
    'infisical://64f1c1a0/prod/ünï/KEY',
    'doppler://shop/prd/KEY_1',
    'vault://kv/app#key',
    'vault://kv/a/b/c/d#a key',
    'vault://kv/...x#key',
    'aws-sm://us-east-1/name',
    'aws-sm://us-east-1//prod/name#field',
    'aws-sm://us-gov-west-1/name',
    `aws-sm://eu-west-1/${ARN}`,
    `aws-sm://eu-west-1/${ARN}#field`,
  ])('%s is one', (uri) => {
    expect(problem(uri)).toBeNull()
  })

  it.each(
    `op:// op://vault op://vault/item op://v/i/s/f/x op://v/i/f#x op:/v/i/f
    infisical://p infisical://p/env infisical://p/env/NAME#x
    doppler://p/c doppler://p/c/d/NAME doppler://p/c/NAME#x doppler://p/c/name doppler://p/c/1NAME
    doppler://p/c/A-B
    vault://kv#key vault://kv/app vault://kv/app# vault://#key vault://kv/app.#key
    vault://kv./app#key vault://kv/a./app#key
    aws-sm://us-east-1 aws-sm://us-east-1/ aws-sm://us-east-1// aws-sm://name aws-sm://x/name
    aws-sm://us-east-1.evil.example/name aws-sm://us-east-1@evil.example/name
    aws-sm://evil.example#us-east-1/name aws-sm://US-EAST-1/name aws-sm://us-east-1/a:b
    aws-sm://us-east-1/${ARN} aws-sm://eu-west-1/${ARN}:x aws-sm://us-east-1/ä
    aws-sm://us-east-1/name# aws-sm://us-east-1/name/ aws-sm://us-east-1/a//b
    aws-sm://us-east-1///name aws-sm://us-east-1/a,b`.split(/\s+/),
  )('%s is none', (uri) => {
    expect(problem(uri)).not.toBeNull()
  })

  it.each([
    '.',
    '..',
    '',
    ' ',
    ' a',
    'a ',
    'a%2fb',
    '%2e%2e',
    'a?b',
    'a\\b',
    'a\nb',
    'a\0b',
    'a\tb',
    'a\u00a0b',
    'a\u200bb',
    'a\u2028b',
    'a\u202eb',
    'a\u3000b',
    'a\ud800',
    '\udc00a',
    '\ufeffa',
  ])('%j is no part of one', (name) => {
    const uris = [
      `op://${name}/item/field`,
      `op://vault/${name}/field`,
      `op://vault/item/${name}`,
      `infisical://${name}/prod/KEY`,
      `infisical://p/${name}/KEY`,
      `infisical://p/prod/${name}/KEY`,
      `infisical://p/prod/${name}`,
      `doppler://${name}/prd/KEY`,
      `doppler://shop/${name}/KEY`,
      `doppler://shop/prd/${name}`,
      `vault://${name}/app#key`,
      `vault://kv/${name}#key`,
      `vault://kv/${name}/app#key`,
      `vault://kv/app#${name}`,
      `aws-sm://${name}/name`,
      `aws-sm://us-east-1/a/${name}`,
      `aws-sm://us-east-1/a/${name}/b`,
      `aws-sm://us-east-1/name#${name}`,
    ]
    expect(uris.filter((uri) => problem(uri) === null)).toEqual([])
  })

  it.each([
    'op://v/"/f',
    'op://v/a" or title eq "b/f',
    'op://v/i(1)/f',
    'op://v/ü/f',
    'op://v/i/f,g',
  ])('%j has no character that could end a filter', (uri) =>
    expect(problem(uri)).toContain('write its id instead'),
  )

  it('has one #, 2048 characters at most, and nothing of it is repeated', () => {
    expect(problem('vault://kv/app#a#b')).toBe('has more than one #')
    expect(problem(`vault://kv/${'a'.repeat(2048)}#key`)).toBe('is longer than 2048 characters')
    expect(problem('vault://kv/sentinel%#key')).not.toContain('sentinel')
  })
})

/** Everything that the parts of a reference say, found again in the requests, by scheme. */
const FOUND: Readonly<
  Record<string, (parts: string[], requests: readonly Request[]) => [unknown, unknown]>
> = {
  vault: ([mount, ...path], [request]) => [decoded(request), ['v1', mount, 'data', ...path]],
  infisical: ([projectId, environment, ...rest], [request]) => [
    [decoded(request), queryOf(request)],
    [
      ['api', 'v4', 'secrets', rest.at(-1)],
      {
        projectId,
        environment,
        secretPath: `/${rest.slice(0, -1).join('/')}`,
        type: 'shared',
        viewSecretValue: 'true',
        expandSecretReferences: 'true',
        includeImports: 'false',
      },
    ],
  ],
  doppler: ([project, config, name], [request]) => [
    [decoded(request), queryOf(request)],
    [['v3', 'configs', 'config', 'secret'], { project, config, name }],
  ],
  op: ([vault = '', item = ''], requests) => {
    const isId = (part: string): boolean => /^[a-z0-9]{26}$/.test(part)
    const vaultId = isId(vault) ? vault : ID
    const itemId = isId(item) ? item : ID
    return [
      requests.map((request) => [decoded(request), queryOf(request)]),
      [
        ...(isId(vault) ? [] : [[['v1', 'vaults'], { filter: `name eq "${vault}"` }]]),
        ...(isId(item)
          ? []
          : [[['v1', 'vaults', vaultId, 'items'], { filter: `title eq "${item}"` }]]),
        [['v1', 'vaults', vaultId, 'items', itemId], {}],
      ],
    ]
  },
  'aws-sm': (_parts, [request]) => [decoded(request), ['']],
}

const ID = 'zzzzzzzzzzzzzzzzzzzzzzzzzz'
const HERE = 'https://backend.example'
const SETTINGS = {
  OP_CONNECT_HOST: HERE,
  OP_CONNECT_TOKEN: 't',
  INFISICAL_URL: HERE,
  INFISICAL_TOKEN: 't',
  DOPPLER_API_HOST: HERE,
  DOPPLER_TOKEN: 't',
  VAULT_ADDR: HERE,
  VAULT_TOKEN: 't',
  AWS_ACCESS_KEY_ID: 't',
  AWS_SECRET_ACCESS_KEY: 't',
  AWS_ENDPOINT_URL_SECRETS_MANAGER: HERE,
}

function decoded(request: Request | undefined): string[] {
  const { pathname } = new URL(request?.url ?? '')
  return pathname.slice(1).split('/').map(decodeURIComponent)
}

function queryOf(request: Request | undefined): Record<string, string> {
  return Object.fromEntries(new URL(request?.url ?? '').searchParams)
}

/** A backend that has every vault and item once, and nothing that can be read. */
function everywhere(uri: string): TestReading {
  const [vault, item] = uri.slice('op://'.length).split('/')
  return readingOf(SETTINGS, {
    ask: ({ url }) => {
      const filter = new URL(url).searchParams.get('filter')
      const json = filter === null ? {} : [{ id: ID, name: vault, title: item }]
      return Promise.resolve({ status: filter === null ? 404 : 200, headers: new Headers(), json })
    },
  })
}

const plain = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/)
const constant = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/)
const id = fc.stringMatching(/^[a-z0-9]{26}$/)
const odd = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('..', '.', '', '%2e', '%2F', '&', '=', '+', ';', '@', ':', '"', "'", '~', '#'),
)
const part = fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: odd })
const parts = (...all: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...all).map((each) => each.join('/'))
const some = fc.array(part, { minLength: 1, maxLength: 3 }).map((each) => each.join('/'))

/** What follows the scheme, of the right form more often than not. */
const WRITTEN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  op: parts(fc.oneof(part, id), fc.oneof(part, id), fc.oneof(some, part)),
  infisical: parts(part, part, some),
  doppler: parts(part, part, fc.oneof(constant, constant, odd)),
  vault: fc.tuple(parts(part, some), part).map((each) => each.join('#')),
  'aws-sm': fc
    .tuple(parts(fc.constant('eu-west-1'), some), fc.option(part))
    .map(([name, field]) => (field === null ? name : `${name}#${field}`)),
}

describe.each([...BACKENDS])('what %s:// asks for', (scheme, backend) => {
  const prefix = `${scheme}://`

  it('is, with the decoded parts of its path, what a reference without a problem says', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(WRITTEN[scheme] ?? some, async (rest) => {
        if (backend.problem(prefix + rest) !== null) return
        read += 1
        const reading = everywhere(prefix + rest)
        expect(await failureOf(backend.read(prefix + rest, reading))).toMatch(/^missing/)
        const { asked } = reading
        const method = scheme === 'aws-sm' ? 'POST' : 'GET'
        for (const each of asked) {
          expect([new URL(each.url).origin, each.method]).toEqual([HERE, method])
        }
        const [path = ''] = rest.split('#')
        const [found, expected] = FOUND[scheme]?.(path.split('/'), asked) ?? [undefined, null]
        expect(found).toEqual(expected)
        if (scheme !== 'aws-sm') return
        const name = path.slice('eu-west-1/'.length)
        expect(await asked[0]?.text()).toBe(JSON.stringify({ SecretId: name }))
      }),
      { numRuns: 1000 },
    )
    // Otherwise hardly anything was tried.
    expect(read).toBeGreaterThan(200)
  })

  it('begins with its scheme, and any text at all is judged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        expect(backend.problem(rest)).toBe(`does not begin with ${prefix}`)
        backend.problem(prefix + rest)
      }),
    )
  })
})
