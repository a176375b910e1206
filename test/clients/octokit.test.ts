import type { ServerResponse } from 'node:http'

import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import { json, upstream } from './servers/upstream.ts'
import type { Asked, TestUpstream } from './servers/upstream.ts'

const OCTOKIT_TOKEN = 'github_pat_sentinel_5c81e0'
const LAST = 3
const at = clientsOutpost({ OCTOKIT_TOKEN })

let github: TestUpstream | undefined

beforeAll(async () => {
  github = await upstream(at.port('octokit'), answer)
})
afterAll(() => github?.close())

function upstreamUrl(): string {
  return `http://127.0.0.1:${at.port('octokit')}`
}

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function answer(asked: Asked, response: ServerResponse): void {
  if (asked.headers.authorization !== `Bearer ${OCTOKIT_TOKEN}`) {
    return json(response, 401, { message: 'Bad credentials' })
  }
  const url = new URL(asked.url, upstreamUrl())
  const page = Number(url.searchParams.get('page') ?? '1')
  const link = (to: number, rel: string) => {
    url.searchParams.set('page', String(to))
    return `<${url.href}>; rel="${rel}"`
  }
  if (page < LAST) {
    response.setHeader('link', [link(page + 1, 'next'), link(LAST, 'last')].join(', '))
  }
  const issue = (number: number) => ({ number, title: `issue ${number}` })
  return json(response, 200, [issue(page * 2 - 1), issue(page * 2)])
}

/** An octokit that notes where it went, and what it was told of where to go. */
function octokit(auth: string) {
  const seen: { readonly asked: string; readonly link: string | null }[] = []
  const noting: typeof fetch = async (input, init) => {
    const answered = await fetch(input, init)
    seen.push({ asked: new Request(input).url, link: answered.headers.get('link') })
    return answered
  }
  const baseUrl = `${at.url}/p/octokit`
  const quiet = () => undefined
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const client = new Octokit({ auth, baseUrl, log, request: { fetch: noting } })
  return { client, baseUrl, seen }
}

const ISSUES = 'GET /repos/{owner}/{repo}/issues'
const REPO = { owner: 'o', repo: 'r', per_page: 2 }

it('octokit.paginate reads every page, and never leaves the proxy', async () => {
  const token = await at.grant({ provider: 'octokit', access: 'read' })
  const { client, baseUrl, seen } = octokit(token)
  const issues = await client.paginate(ISSUES, REPO)
  expect(issues.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6])
  expect(seen.map(({ asked }) => asked.startsWith(`${baseUrl}/`))).toEqual([true, true, true])
  expect(seen.map(({ link }) => link)).toEqual([
    `<${baseUrl}/repos/o/r/issues?per_page=2&page=2>; rel="next", <${baseUrl}/repos/o/r/issues?per_page=2&page=3>; rel="last"`,
    `<${baseUrl}/repos/o/r/issues?per_page=2&page=3>; rel="next", <${baseUrl}/repos/o/r/issues?per_page=2&page=3>; rel="last"`,
    null,
  ])
  expect(github?.asked.map(({ url }) => url)).toEqual([
    '/repos/o/r/issues?per_page=2',
    '/repos/o/r/issues?per_page=2&page=2',
    '/repos/o/r/issues?per_page=2&page=3',
  ])
  expect(JSON.stringify(github?.asked.map(({ url, headers }) => [url, headers]))).not.toContain(
    token,
  )
  await expect
    .poll(async () => (await at.audit()).filter(({ path }) => path === '/repos/o/r/issues').length)
    .toBe(LAST)
})

it('and each page is judged: a grant that ends after two calls ends the reading', async () => {
  const narrow = { agent: 'client', providers: [{ provider: 'octokit', access: 'read' }] }
  const made = await at.admin('/grants', {
    method: 'POST',
    body: JSON.stringify({ ...narrow, expires_in: 600, max_calls: 2 }),
  })
  const { token } = (await made.json()) as { readonly token: string }
  const { client, seen } = octokit(token)
  await expect(client.paginate(ISSUES, REPO)).rejects.toMatchObject({
    response: { headers: { 'x-proxy-error': expect.stringMatching(/^PROXY_/) } },
  })
  expect(seen.length).toBe(LAST)
})
