import { describe, expect, it, vi } from 'vitest'

import { ENDPOINTS, served } from '../../src/control/endpoints.ts'
import type { Endpoint, Operation } from '../../src/control/endpoints.ts'
import { SECRETS } from '../fixtures/secrets.ts'
import { call, FROM } from '../worker/call.ts'
import { ADMIN, ask, pathOf, VIEWER, well } from './asking.ts'
import type { Json, Question } from './asking.ts'
import { granted } from './builders.ts'

const PARAMS = { id: 'gr_AAAAAAAAAAAAAAAAAAAAAAAAAA', key: 'stored:token/one' }

/** What is asked of each: it would be well formed, were one let in. */
const question: Question = { params: PARAMS }

const operators = served()
  .filter(([, { who }]) => who === 'operator')
  .map(([name, row]) => [name, row] as const)
const writing = operators.filter(([, { method }]) => method !== 'GET')
const names = (rows: typeof operators) => rows.map(([name]) => name)

describe('the endpoints of operators', () => {
  it('are nearly all of them, and most of them write', () => {
    expect(operators.length).toBeGreaterThan(15)
    expect(writing.length).toBeGreaterThan(8)
    for (const [, { path }] of operators) expect(path).toMatch(/^\/_outpost\//)
  })

  it.each(names(operators))('%s is none for an agent, whatever it shows', async (name) => {
    const { token } = await granted({ cidrs: ['192.0.2.0/24'], agent: 'sneaky' })
    for (const key of [SECRETS.AGENT_KEY, token]) {
      for (const headers of [
        { authorization: `Bearer ${key}` },
        { authorization: `Basic ${btoa(`x:${key}`)}` },
        { 'x-outpost-auth': key },
        { 'x-api-key': key, 'cf-connecting-ip': FROM.writer },
        { 'cf-access-jwt-assertion': key },
      ]) {
        const { status, json } = await ask(name, { ...question, headers })
        expect([Object.keys(headers), status]).toEqual([Object.keys(headers), 401])
        expect(json['error'].code).toBe('PROXY_AUTH_REQUIRED')
      }
    }
  })

  it.each(names(writing))('%s is none for a viewer', async (name) => {
    const { status, json } = await ask(name, { ...question, headers: VIEWER })
    expect([status, json['error'].code]).toEqual([403, 'PROXY_OPERATOR_DENIED'])
  })

  it.each(names(operators))('%s is closed while nothing is configured', async (name) => {
    const env = { OUTPOST_ADMIN_TOKEN: '', OUTPOST_VIEWER_TOKEN: '' }
    for (const headers of [{}, ADMIN]) {
      const { status, json } = await ask(name, { ...question, env, headers })
      expect([status, json['error'].code]).toEqual([503, 'PROXY_CONTROL_CLOSED'])
    }
  })

  it.each(names(writing))('%s is none for a page of another site', async (name) => {
    for (const said of [
      { origin: 'https://elsewhere.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const { status, json } = await ask(name, { ...question, headers: { ...ADMIN, ...said } })
      expect([status, json['error'].code]).toEqual([403, 'PROXY_CROSS_ORIGIN'])
    }
  })

  it('a body is JSON and says so', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { ...ADMIN, 'content-type': type }
      const { status, json } = await ask('pause', { body: '{"all":true}', headers })
      expect([type, status, json['error'].code]).toEqual([type, 400, 'PROXY_BAD_REQUEST'])
    }
    const headers = { ...ADMIN, 'content-type': 'application/json; charset=utf-8' }
    expect((await ask('resume', { body: '{"all":true}', headers })).status).toBe(200)
  })
})

describe('every path', () => {
  const byPath = Map.groupBy(
    Object.values(ENDPOINTS as Record<string, Endpoint>),
    (row) => row.path,
  )
  const methodsAt = (name: Operation) =>
    (byPath.get(ENDPOINTS[name].path) ?? []).map(({ method }) => method)

  it.each(names(operators))('%s answers no other method than those of its path', async (name) => {
    const known = new Set<string>(methodsAt(name))
    const allow = [...known].flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]))
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      if (known.has(method)) continue
      const { status, headers, json } = await ask(name, { ...question, method })
      expect([method, status, json['error']?.code]).toEqual([method, 405, 'PROXY_METHOD_DENIED'])
      expect(headers.get('allow')?.split(', ').toSorted()).toEqual(allow.toSorted())
      const stranger = await ask(name, { ...question, method, headers: {} })
      expect(stranger.status).toBe(401)
    }
  })

  const reading = served().filter(([, { method }]) => method === 'GET')
  it.each(reading.map(([name]) => name))('%s answers HEAD as GET, without a body', async (name) => {
    const [get, head] = [await opened(name, 'GET'), await opened(name, 'HEAD')]
    expect([head.status, head.headers.get('content-type')]).toEqual([
      get.status,
      get.headers.get('content-type'),
    ])
    expect(head.body).toBeNull()
  })

  it.each([
    '/_outpost',
    '/_outpost/',
    '/_outpost/nothing',
    '/_outpost//status',
    '/_outpost/status/',
    '/_outpost/grants/',
    '/_outpost/%73tatus',
    '/_outpost/Status',
  ])('%s is nothing, and only an operator is told', async (path) => {
    const { exports } = await import('cloudflare:workers')
    const url = `https://proxy.test${path}`
    const stranger = await exports.default.fetch(new Request(url))
    expect([stranger.status, await stranger.text()]).toEqual([401, expect.any(String)])
    const operator = await exports.default.fetch(new Request(url, { headers: ADMIN }))
    expect(operator.headers.get('x-proxy-error')).toBe('PROXY_NO_ROUTE')
    await operator.text()
  })

  async function opened(name: Operation, method: string): Promise<Response> {
    const { exports } = await import('cloudflare:workers')
    const headers = { ...ADMIN, 'cf-connecting-ip': FROM.writer }
    const url = `https://proxy.test${pathOf(name, question)}`
    const response = await exports.default.fetch(new Request(url, { method, headers }))
    if (method === 'GET') await response.body?.cancel()
    return response
  }
})

it('a wrong token of an operator is on the record, and the token is not', async () => {
  const wrong = `wrong-${crypto.randomUUID()}`
  const path = `/_outpost/${crypto.randomUUID()}`
  // An isolate of its own: the refusals of this file's others would be counted together with it.
  const answer = await call(path, {
    headers: { authorization: `Bearer ${wrong}` },
    env: { FRESH: path },
  })
  expect(answer.status).toBe(401)
  const mine = await vi.waitFor(
    async () => {
      const { events } = await well('audit', { query: { decision: 'deny', limit: 50 } })
      const found = (events as Json[]).filter((each) => each['path'] === path)
      expect(found).toHaveLength(1)
      return found
    },
    { timeout: 5000, interval: 200 },
  )
  expect(mine[0]).toMatchObject({ code: 'PROXY_AUTH_REQUIRED', secret_read: false, status: 401 })
  expect(JSON.stringify(mine)).not.toContain(wrong)
})
