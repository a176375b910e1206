import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { github } from '../tokens/vendors/github.ts'
import { register } from '../tokens/vendors/keys.ts'
import { serveVendors } from '../tokens/vendors/server.ts'
import type { Answer, Asked, VendorServer } from '../tokens/vendors/server.ts'
import { clientsOutpost } from './outpost.ts'

const registered = register()
const at = clientsOutpost({ GITHUB_APP_KEY: registered.keys.github })
const { vendor, installed } = github(registered)

const seen: string[] = []
let server: VendorServer | undefined

const ISSUES = [1, 2, 3, 4, 5].map((number) => ({ number, title: `issue ${number}` }))

/** Issues of one repository, for a token that may see them: https://docs.github.com/en/rest/issues/issues. */
function api(asked: Asked): Answer | undefined {
  seen.push(asked.headers.authorization ?? '')
  const token = installed(asked)
  if (!token) return { status: 401, json: { message: 'Bad credentials' } }
  if (asked.path === '/github/graphql') return graphql(asked)
  if (asked.path !== '/github/repos/acme/site/issues') return undefined
  const sees = token.repositories?.includes('site') === true
  if (!sees) return { status: 404, json: { message: 'Not Found' } }
  if (asked.method === 'GET') return { status: 200, json: ISSUES }
  const mayWrite = token.permissions['issues'] === 'write'
  return mayWrite
    ? { status: 201, json: { number: 6, ...(JSON.parse(asked.body) as object) } }
    : { status: 403, json: { message: 'Resource not accessible by integration' } }
}

function graphql({ body }: Asked): Answer {
  const { query } = JSON.parse(body) as { query: string }
  return query.includes('viewer')
    ? { status: 200, json: { data: { viewer: { login: 'outpost[bot]' } } } }
    : { status: 200, json: { errors: [{ message: 'unknown' }] } }
}

beforeAll(async () => {
  server = await serveVendors([vendor, api], at.port('github'))
})

afterAll(async () => {
  await server?.close()
  const lines = registered.keys.github
    .split('\n')
    .filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line))
  expect(lines.length).toBeGreaterThan(20)
  expect(lines.filter((line) => at.printed().includes(line))).toEqual([])
  expect(at.printed()).not.toContain('ghs_sentinel')
})

async function octokit(provider: string): Promise<Octokit> {
  const auth = await at.grant(provider)
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  return new Octokit({ auth, baseUrl: `${at.url}/p/${provider}`, log })
}

const SITE = { owner: 'acme', repo: 'site' }

it('octokit reads and writes with an installation token for one repository', async () => {
  const client = await octokit('github-app')
  const { data } = await client.rest.issues.listForRepo(SITE)
  expect(data).toHaveLength(5)
  const made = await client.rest.issues.create({ ...SITE, title: 'new' })
  expect(made.data).toMatchObject({ number: 6, title: 'new' })
  expect(new Set(seen).size).toBe(1)
  expect(seen[0]).toMatch(/^Bearer ghs_sentinelGithub/)
})

it('asks GraphQL the same way', async () => {
  const client = await octokit('github-app')
  expect(await client.graphql('query { viewer { login } }')).toEqual({
    viewer: { login: 'outpost[bot]' },
  })
})

it('is Basic with the user of git where the provider says so', async () => {
  const client = await octokit('github_basic')
  // All repositories of the installation, and so not "site" alone: the server says so.
  await expect(client.rest.issues.listForRepo(SITE)).rejects.toMatchObject({ status: 404 })
  const basic = seen.at(-1)?.replace('Basic ', '') ?? ''
  expect(Buffer.from(basic, 'base64').toString()).toMatch(/^x-access-token:ghs_sentinelGithub/)
})

it('does not let an agent mint a token of its own', async () => {
  const client = await octokit('github-app')
  const call = client.rest.apps.createInstallationAccessToken({ installation_id: 42 })
  await expect(call).rejects.toMatchObject({ status: 403 })
})
