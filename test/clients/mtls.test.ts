import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { authority } from './authority.ts'
import { clientsOutpost } from './outpost.ts'

const CA = authority('a test')
const CUSTOMER = CA.issue('customer 7')
const BANK_TOKEN = 'sentinel-bank-0b57e1'
const at = clientsOutpost({
  BANK_TOKEN,
  // As an env file has it, in one line.
  BANK_MTLS_CERT: CUSTOMER.cert.replaceAll('\n', String.raw`\n`),
  BANK_MTLS_KEY: CUSTOMER.key,
  BANK_MTLS_CA: CA.cert,
})

let server: Server | undefined

beforeAll(async () => {
  const asked = { requestCert: true, rejectUnauthorized: true }
  server = createServer(
    { ...CA.issue('the bank', 'localhost'), ca: CA.cert, ...asked },
    (request, response) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of an HTTPS server
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject
      const { authorization = null } = request.headers
      response.end(JSON.stringify({ customer: CN, authorization }))
    },
  )
  await new Promise<void>((done) => {
    server?.listen(at.port('mtls'), 'localhost', done)
  })
})

afterAll(() => {
  server?.close()
})

async function call(provider: string): Promise<Response> {
  const authorization = `Bearer ${await at.grant(provider)}`
  return fetch(`${at.url}/p/${provider}/accounts`, { headers: { authorization } })
}

it('the connection has the client certificate', async () => {
  expect(await (await call('mtls')).json()).toEqual({ customer: 'customer 7', authorization: null })
})

it('and the request the credential of a scheme beside it', async () => {
  const answered = await (await call('mtls-key')).json()
  expect(answered).toMatchObject({ customer: 'customer 7' })
  expect(JSON.stringify(answered)).not.toContain('op_')
})

it('without the binding it is a 502, and the status says so', async () => {
  const answered = await call('mtls-unset')
  expect([answered.status, answered.headers.get('x-proxy-error')]).toEqual([
    502,
    'PROXY_AUTH_ERROR',
  ])
  expect(await answered.text()).not.toContain('OTHER_MTLS')
  const status = await (await at.admin('/status')).text()
  expect(status).toContain('mtls-unset: OTHER_MTLS is not set: its calls get 502 PROXY_AUTH_ERROR')
  expect(status).not.toContain('mtls: BANK_MTLS')
})
