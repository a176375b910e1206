import { describe, expect, it } from 'vitest'

import type { GithubAppAuth } from '../../src/auth/config.ts'
import { redact } from '../../src/secret.ts'
import { isolate, signFor } from '../tokens/world.ts'
import type { Signing } from '../tokens/world.ts'
import { fresh, reasonOf, takenBy, vendorAsked, VENDORS } from './minting.ts'

const { url, keys, pems } = VENDORS
const ALL = { contents: 'write', issues: 'write', metadata: 'read', pull_requests: 'read' }

function auth(changes: Partial<GithubAppAuth> = {}): GithubAppAuth {
  return {
    type: 'github_app',
    issuer: '31337',
    private_key: { env: 'KEY' },
    installation_id: '42',
    api_url: `${url}/github`,
    repositories: [],
    repository_ids: [],
    permissions: null,
    as: 'bearer',
    header: 'Authorization',
    prefix: 'Bearer ',
    invalidate_on: [401],
    ...changes,
  }
}

const SECRETS = { KEY: keys.github, APP: 'Iv23liSentinelClient', INSTALLATION: '42' }

function signing(changes: Partial<GithubAppAuth> = {}, secrets = SECRETS): Signing {
  return { name: fresh(), auth: auth(changes), secrets }
}

async function may(of: Signing) {
  const { authorization } = await signFor(isolate(), of)
  return takenBy('/github/api', { authorization })
}

describe('github_app', () => {
  it.each<[string, Partial<GithubAppAuth>, object]>([
    ['all that the installation has', {}, { permissions: ALL, repositories: null }],
    [
      'by its client id and installation from secrets',
      { issuer: { env: 'APP' }, installation_id: { env: 'INSTALLATION' } },
      { permissions: ALL, repositories: null },
    ],
    [
      'fewer permissions',
      { permissions: { issues: 'read' } },
      { permissions: { issues: 'read', metadata: 'read' }, repositories: null },
    ],
    [
      'one repository by name',
      { repositories: ['site'] },
      { permissions: ALL, repositories: ['site'] },
    ],
    [
      'repositories by id',
      { repository_ids: [7, 8] },
      { permissions: ALL, repositories: ['site', 'docs'] },
    ],
    [
      'as git wants it',
      { as: 'basic', permissions: { contents: 'write' } },
      { permissions: { contents: 'write', metadata: 'read' }, repositories: null },
    ],
    ['as GitHub had it once', { prefix: 'token ' }, { permissions: ALL, repositories: null }],
    [
      'an answer of 300 KB',
      { installation_id: '44', repositories: ['site'] },
      { permissions: ALL, repositories: ['site'] },
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await may(signing(changes))).toEqual(expected)
  })

  it('is Basic with a fixed user where git wants it, and known in both forms', async () => {
    const { authorization, opening } = await signFor(isolate(), signing({ as: 'basic' }))
    const pair = atob(authorization.replace('Basic ', ''))
    expect(pair).toMatch(/^x-access-token:ghs_sentinelGithub/)
    const [user, token = ''] = pair.split(':')
    expect(redact(`${user} ${token}`, opening.known)).toBe('x-access-token [redacted]')
  })

  it('mints once for 50 concurrent first calls in 50 isolates', async () => {
    const prefix = `/slow/${crypto.randomUUID()}/github`
    const of = signing({ api_url: url + prefix })
    const calls = Array.from({ length: 50 }, () => signFor(isolate(), of))
    const tokens = new Set((await Promise.all(calls)).map(({ authorization }) => authorization))
    const path = `${prefix}/app/installations/42/access_tokens`
    expect([tokens.size, await vendorAsked(path)]).toEqual([1, 1])
  })

  it('mints another when GitHub rejects the first', async () => {
    const of = signing()
    const first = await signFor(isolate(), of)
    expect(await first.opening.reject('401')).toBe(true)
    expect((await signFor(isolate(), of)).authorization).not.toBe(first.authorization)
  })

  it.each<[string, Partial<GithubAppAuth>]>([
    ['permissions', { permissions: { issues: 'read' } }],
    ['repositories', { repositories: ['site'] }],
    ['repository ids', { repository_ids: [7] }],
    ['installation', { installation_id: '44' }],
    ['issuer', { issuer: 'Iv23liSentinelClient' }],
  ])('with other %s it is another credential', async (_, changes) => {
    const of = signing()
    const first = await signFor(isolate(), of)
    const second = await signFor(isolate(), { ...of, auth: auth(changes) })
    expect(second.authorization).not.toBe(first.authorization)
  })

  const WIDER = 'the token that came may do more than was asked for'
  it.each<[string, Partial<GithubAppAuth>, string]>([
    ['another app', { issuer: '1' }, 'app rejected (HTTP 401): is the key that of this app?'],
    [
      'no such installation',
      { installation_id: '1' },
      'no such installation of this app (HTTP 404)',
    ],
    [
      'a permission that it has not',
      { permissions: { administration: 'write' } },
      'repositories or permissions refused (HTTP 422): does the installation have them?',
    ],
    [
      'a repository that it has not',
      { repositories: ['payroll'] },
      'repositories or permissions refused (HTTP 422): does the installation have them?',
    ],
    [
      'a server that knows no permissions',
      { installation_id: '43', permissions: { issues: 'write' } },
      WIDER,
    ],
    [
      'a server that knows no repositories',
      { installation_id: '43', repositories: ['site'] },
      WIDER,
    ],
    [
      'an installation that is no number',
      { installation_id: { env: 'APP' } },
      'not asked, the id of the installation is no number',
    ],
    [
      'a key of another kind',
      { private_key: { env: 'OTHER' } },
      'not asked, the private key cannot be read: expected PEM (PKCS#8, PKCS#1, SEC1) or a JWK for RS256',
    ],
  ])('%s', async (_, changes, reason) => {
    const other = pems.find(({ alg }) => alg === 'ES256')?.text ?? ''
    const of = { ...signing(changes), secrets: { ...SECRETS, OTHER: other } }
    expect(await reasonOf(signFor(isolate(), of))).toBe(`token endpoint: ${reason}`)
  })

  it('as much as was asked for is not wider', async () => {
    const of = signing({
      installation_id: '43',
      permissions: { contents: 'write', issues: 'admin', pull_requests: 'read' },
    })
    expect(await may(of)).toEqual({ permissions: ALL, repositories: null })
  })
})
