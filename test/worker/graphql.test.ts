import { describe, expect, it } from 'vitest'

import { SECRETS } from '../fixtures/secrets.ts'
import { call, expectRefusal, FROM, only, values } from './call.ts'
import type { Asking } from './call.ts'
import { logged } from './logged.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

function ask(query: string, asking: Asking = {}) {
  const body = JSON.stringify({ query })
  return call('/echo', { provider: 'graph', method: 'POST', headers: JSON_TYPE, body, ...asking })
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('a call in GraphQL', () => {
  it('goes with the credential, byte for byte as it was read', async () => {
    const body = '{ "query" : "{ viewer { login } }", "variables": {"n": 1.0e2} }\n'
    const answer = await ask('', { body })
    const received = only(answer)
    expect(received.sha256).toBe(await sha256(body))
    expect(values(received, 'authorization')).toEqual([`Bearer ${SECRETS.BEARER_TOKEN}`])
  })

  it('that only reads is no sensitive call, although it is a POST', async () => {
    expect((await ask('{ viewer }', { from: FROM.reader })).status).toBe(200)
    expect((await ask('mutation { addComment }', { from: FROM.reader })).status).toBe(200)
  })

  it.each([
    ['mutation { deleteComment }', FROM.reader, 403, 'PROXY_SENSITIVE_DENIED'],
    ['{ a } mutation B { b }', FROM.writer, 400, 'PROXY_BAD_REQUEST'],
    ['{ a: ', FROM.writer, 400, 'PROXY_BAD_REQUEST'],
    ['mutation { deleteRepository }', FROM.writer, 403, 'PROXY_PATH_DENIED'],
    ['mutation { x: createIssue }', FROM.writer, 404, 'PROXY_NO_ROUTE'],
    [`{ ${'{ a '.repeat(100_000)}`, FROM.writer, 413, 'PROXY_BODY_TOO_LARGE'],
  ])('%.40s from %s: %i %s, and nothing is sent', async (query, from, status, code) => {
    const answer = await ask(query, { from })
    expectRefusal(answer, status, code)
    expect(answer.seen).toEqual([])
  })

  it.each(['/echo/x', '/echo.json', '/Echo/x/y/', '/echo%2Ejson'])(
    '%s may be the same path, and is not less sensitive than it is',
    async (path) => {
      const near = (query: string, from: string = FROM.writer) =>
        call(path, {
          provider: 'graph',
          method: 'POST',
          headers: JSON_TYPE,
          body: JSON.stringify({ query }),
          from,
        })
      expectRefusal(await near('mutation { deleteRepository }'), 403, 'PROXY_PATH_DENIED')
      expectRefusal(await near('mutation { createIssue }'), 404, 'PROXY_NO_ROUTE')
      expectRefusal(await near('{ viewer }', FROM.reader), 403, 'PROXY_SENSITIVE_DENIED')
      expect((await near('{ viewer }')).status).not.toBe(400)
    },
  )

  it.each(['/Echo', '/echo/', '/%65cho', '//echo'])('%s is the same path', async (path) => {
    const body = JSON.stringify({ query: 'mutation { deleteRepository }' })
    const answer = await call(path, { provider: 'graph', method: 'POST', headers: JSON_TYPE, body })
    expectRefusal(answer, 403, 'PROXY_PATH_DENIED')
    expect(answer.seen).toEqual([])
  })

  it.each([
    ['?query={viewer}', {}, 200],
    ['?query=mutation{addComment}', {}, 400],
    ['', {}, 400],
    ['?query={viewer}', { method: 'DELETE' }, 400],
    ['?query={viewer}', { headers: { upgrade: 'websocket' } }, 403],
  ])('GET %s %j: %i', async (query, init, status) => {
    const answer = await call(`/echo${query}`, { provider: 'graph', ...init })
    expect([answer.status, answer.seen.length]).toEqual([status, status === 200 ? 1 : 0])
  })

  it('is in the record by its name, without values', async () => {
    const answer = await ask('mutation { addComment(body: "hunter2") }')
    const id = answer.headers.get('x-outpost-request-id') ?? ''
    const line = logged.find((each) => each.includes(id)) ?? ''
    expect(line).toContain('mutation addComment')
    expect(line).not.toContain('hunter2')
  })
})
