import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const ECHO_TOKEN = 'sentinel-echo-4c1f9a02'
const at = clientsOutpost({ ECHO_TOKEN })

const received: IncomingHttpHeaders[] = []
let upstream: Server | undefined

beforeAll(async () => {
  upstream = createServer((request, response) => {
    received.push(request.headers)
    response.end('{"ok":true}')
  })
  await new Promise<void>((done) => {
    upstream?.listen(at.port('echo'), '127.0.0.1', done)
  })
})

afterAll(() => {
  upstream?.close()
})

it('a grant opens the upstream with the credential, and nothing without it', async () => {
  const refused = await fetch(`${at.url}/p/echo/x`)
  expect(refused.status).toBe(403)
  const token = await at.grant('echo')
  const answer = await fetch(`${at.url}/p/echo/x`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await answer.json()).toEqual({ ok: true })
  expect(received.map(({ authorization }) => authorization)).toEqual([`Bearer ${ECHO_TOKEN}`])
})
