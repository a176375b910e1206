import { createServer } from 'node:http'
import type { Server } from 'node:http'

import { importJWK, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { login, LOGIN } from '../tokens/vendors/login.ts'
import { makePems } from '../tokens/vendors/pems.ts'
import { serveVendors } from '../tokens/vendors/server.ts'
import type { VendorServer } from '../tokens/vendors/server.ts'
import { clientsOutpost } from './outpost.ts'

const KEY = makePems().pems.find(({ alg, form }) => alg === 'ES256' && form === 'sec1')
const SECRETS = {
  LOGIN_KEY: LOGIN.key,
  LOGIN_USER: LOGIN.user,
  LOGIN_PASSWORD: LOGIN.password,
  SIGNING_KEY: KEY?.text ?? '',
  SIGNING_KID: '2X9R4HXF34',
  SIGNING_ISSUER: '57246542-96fe-1a63-e053-0824d011072a',
  SEARCH_KEY: 'sentinel-search+key/&=',
}
const at = clientsOutpost(SECRETS)

let vendors: VendorServer | undefined
let echo: Server | undefined
const seen: { authorization: string; url: string }[] = []

/** Repeats all that it gets. */
beforeAll(async () => {
  vendors = await serveVendors([login()], at.port('login'))
  echo = createServer((request, response) => {
    const { authorization = '' } = request.headers
    seen.push({ authorization, url: request.url ?? '' })
    response.end(JSON.stringify({ authorization, url: request.url }))
  })
  await new Promise<void>((done) => {
    echo?.listen(at.port('signed'), '127.0.0.1', done)
  })
})

afterAll(async () => {
  await vendors?.close()
  echo?.close()
  expect(at.printed()).not.toMatch(/sentinel-session|sentinel-endpoint-text/)
  const lines = SECRETS.SIGNING_KEY.split('\n').filter((line) => /^[\w+/=]{20,}$/.test(line))
  expect(lines.filter((line) => at.printed().includes(line))).toEqual([])
})

async function callTo(provider: string, path: string, init: RequestInit = {}) {
  const token = await at.grant(provider)
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${at.url}/p/${provider}${path}`, { ...init, headers })
  return { status: response.status, text: await response.text() }
}

it('exchange: logs in once, and what came back opens the API', async () => {
  const calls = Array.from({ length: 20 }, () => callTo('login', '/api'))
  for (const { status, text } of await Promise.all(calls)) {
    expect([status, text]).toEqual([200, '{"ok":true}'])
  }
  const asked = await fetch(`http://127.0.0.1:${at.port('login')}/asked?path=/login/json`)
  expect(await asked.json()).toBe(1)
})

it.each(['/json', '/JSON/../json', '/%6Ason'])('exchange: %s is not for agents', async (path) => {
  const { status } = await callTo('login', path, { method: 'POST' })
  expect([400, 403]).toContain(status)
})

it('exchange: what its endpoint says of a failure is for nobody', async () => {
  const { status, text } = await callTo('login_refused', '/api')
  expect(status).toBe(502)
  expect(text).toContain('PROXY_AUTH_ERROR')
  expect(text).not.toMatch(/sentinel|401|endpoint/i)
  // The operator reads why.
  const told = async () => (await at.admin('/status')).text()
  await expect.poll(told).toMatch(/login_refused: no token [^"]*: token endpoint: HTTP 401"/)
})

it('jwt_bearer: the upstream verifies it, and the agent sees neither it nor the key', async () => {
  const { status, text } = await callTo('signed', '/v1/apps')
  expect([status, text]).toEqual([200, '{"authorization":"Bearer [redacted]","url":"/v1/apps"}'])
  const jwt = seen.at(-1)?.authorization.replace('Bearer ', '') ?? ''
  const verifying = await importJWK(KEY?.publicJwk ?? {}, 'ES256')
  const { payload, protectedHeader } = await jwtVerify(jwt, verifying, {
    algorithms: ['ES256'],
    issuer: SECRETS.SIGNING_ISSUER,
    audience: 'appstoreconnect-v1',
  })
  expect(protectedHeader.kid).toBe(SECRETS.SIGNING_KID)
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600)
})

it('query_params: the secret one does not come back', async () => {
  const { text } = await callTo('searched', '/customsearch/v1?q=x&KEY=mine&cx=mine')
  expect(seen.at(-1)?.url).toBe(
    '/customsearch/v1?q=x&key=sentinel-search%2Bkey%2F%26%3D&cx=017576662512468239146%3Aomuauf_lfve',
  )
  expect(text).not.toMatch(/sentinel/)
})
