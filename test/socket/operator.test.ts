import { setTimeout as delay } from 'node:timers/promises'

import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'

import { startAccessTeams } from '../control/access_server.ts'
import type { TeamAsked } from '../control/endpoint.ts'
import { OPERATORS } from '../fixtures/secrets.ts'
import { outpost } from './outpost.ts'
import { ask, head, values, Wire } from './wire.ts'

const AUDIENCE = 'f3a1c5'
const { privateKey, publicKey } = await generateKeyPair('RS256')
const desk = await startAccessTeams()
const { url: team } = (await (await fetch(`${desk.url}/teams`, { method: 'POST' })).json()) as {
  url: string
}
const teamDesk = `${desk.url}/teams/${new URL(team).port}`
const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }
const published = { body: JSON.stringify({ keys: [jwk] }), delay_ms: 300 }
await fetch(teamDesk, { method: 'PUT', body: JSON.stringify(published) })

const assertion = await new SignJWT({ email: 'somebody@example.com', type: 'app' })
  .setProtectedHeader({ alg: 'RS256', kid: 'key-1', typ: 'JWT' })
  .setIssuer(team)
  .setAudience(AUDIENCE)
  .setExpirationTime('1h')
  .sign(privateKey)

const at = outpost({ ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: AUDIENCE })

const VOUCHED = `Cf-Access-Jwt-Assertion: ${assertion}`
const ADMIN = `Authorization: Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}`
const HOST = 'Host: outpost.example'

async function code(request: string): Promise<string | number> {
  const answer = await ask(at.port, request)
  if (!answer) throw new Error('no answer')
  return values(answer, 'x-proxy-error')[0] ?? answer.status
}

const get = (...lines: string[]) => code(head('GET /_outpost/status HTTP/1.1', HOST, ...lines))
const post = (...lines: string[]) =>
  code(head('POST /_outpost/nothing HTTP/1.1', HOST, 'Content-Length: 0', ...lines))

describe('Cloudflare Access', () => {
  it('one who asks first and hangs up holds up nobody; the keys are asked for once', async () => {
    const gone = new Wire(at.port)
    gone.send(head('GET /_outpost/status HTTP/1.1', HOST, VOUCHED))
    await delay(100)
    gone.close()
    const all = await Promise.all(Array.from({ length: 20 }, () => get(VOUCHED)))
    expect(all).toEqual(all.map(() => 200))
    const asked = (await (await fetch(teamDesk)).json()) as TeamAsked
    expect(asked).toMatchObject({ keys: 1, elsewhere: [] })
  })

  it.each<[string, string[], string | number]>([
    ['the assertion', [VOUCHED], 200],
    ['the assertion twice', [VOUCHED, VOUCHED], 'PROXY_AUTH_REQUIRED'],
    ['an empty one before it', ['Cf-Access-Jwt-Assertion:', VOUCHED], 'PROXY_AUTH_REQUIRED'],
    ['the token', [ADMIN], 200],
    ['the token twice', [ADMIN, ADMIN], 'PROXY_AUTH_REQUIRED'],
    [
      'a wrong token and the assertion',
      ['Authorization: Bearer x', VOUCHED],
      'PROXY_AUTH_REQUIRED',
    ],
    ['an empty header, which workerd drops, and the assertion', ['Authorization:', VOUCHED], 200],
  ])('%s', async (_title, lines, expected) => {
    expect(await get(...lines)).toBe(expected)
  })
})

describe('a writing request', () => {
  const text = 'Content-Type: text/plain'

  it.each<[string, string[], string]>([
    ['of no browser', [], 'PROXY_NO_ROUTE'],
    ['of the page that Host names', ['Origin: https://outpost.example'], 'PROXY_NO_ROUTE'],
    ['of its http page', ['Origin: http://outpost.example'], 'PROXY_NO_ROUTE'],
    ['of another port', ['Origin: https://outpost.example:8443'], 'PROXY_CROSS_ORIGIN'],
    ['of another host', ['Origin: https://evil.example'], 'PROXY_CROSS_ORIGIN'],
    ['of a sandbox', ['Origin: null'], 'PROXY_CROSS_ORIGIN'],
    ['of two origins', ['Origin: https://outpost.example', 'Origin: x'], 'PROXY_CROSS_ORIGIN'],
    ['of a sibling', ['Sec-Fetch-Site: same-site'], 'PROXY_CROSS_ORIGIN'],
    ['with a type and no body', [text], 'PROXY_NO_ROUTE'],
  ])('%s: %j', async (_title, lines, expected) => {
    expect(await post(VOUCHED, ...lines)).toBe(expected)
    expect(await post(ADMIN, ...lines)).toBe(expected)
  })

  it('of its own address has the port in both', async () => {
    const own = `127.0.0.1:${at.port}`
    const from = (origin: string) =>
      code(
        head(
          'POST /_outpost/nothing HTTP/1.1',
          `Host: ${own}`,
          'Content-Length: 0',
          ADMIN,
          `Origin: ${origin}`,
        ),
      )
    expect(await from(`http://${own}`)).toBe('PROXY_NO_ROUTE')
    expect(await from('http://127.0.0.1')).toBe('PROXY_CROSS_ORIGIN')
    expect(await from('http://127.0.0.1:1')).toBe('PROXY_CROSS_ORIGIN')
  })

  it.each(['Content-Length: 2', 'Transfer-Encoding: chunked'])('%s is JSON', async (framing) => {
    const body = framing.endsWith('2') ? '{}' : '2\r\n{}\r\n0\r\n\r\n'
    const sent = (type: string) =>
      code(
        head('POST /_outpost/nothing HTTP/1.1', HOST, framing, ADMIN, `Content-Type: ${type}`) +
          body,
      )
    expect(await sent('application/json')).toBe('PROXY_NO_ROUTE')
    expect(await sent('text/plain')).toBe('PROXY_BAD_REQUEST')
  })
})
