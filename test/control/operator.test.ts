import { beforeAll, describe, expect, it, vi } from 'vitest'

import { operatorOf } from '../../src/control/operator.ts'
import { Secret } from '../../src/secret.ts'
import { OPERATORS, SECRETS } from '../fixtures/secrets.ts'
import { call, expectRefusal, FROM } from '../worker/call.ts'
import { aKey, aTeam, AUDIENCE, claims, signed } from './team.ts'
import type { Team } from './team.ts'

const ADMIN = OPERATORS.OUTPOST_ADMIN_TOKEN
const VIEWER = OPERATORS.OUTPOST_VIEWER_TOKEN
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

let team: Team
let assertion: string

beforeAll(async () => {
  const key = await aKey('key-1')
  team = await aTeam(key.jwk)
  assertion = await signed(key, claims(team, Date.now()))
})

const access = () => ({ ACCESS_TEAM_DOMAIN: team.url, ACCESS_AUD: AUDIENCE })
const vouched = (other: Readonly<Record<string, string>> = {}) => ({
  'cf-access-jwt-assertion': assertion,
  ...other,
})
const POST = { method: 'POST' }

describe('tokens', () => {
  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a wrong one', bearer('wrong')],
    ['an empty one', { authorization: 'Bearer ' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['an empty header', { authorization: '' }],
    ['a part of the token', bearer(ADMIN.slice(0, -1))],
    ['the first letter of it', bearer(ADMIN.slice(0, 1))],
    ['more than the token', bearer(`${ADMIN}x`)],
    ['the token twice', bearer(`${ADMIN}${ADMIN}`)],
    ['two headers', bearer(`${ADMIN}, Bearer ${ADMIN}`)],
    ['the token and more', bearer(`${ADMIN} x`)],
    ['in other case', bearer(ADMIN.toUpperCase())],
    ['Basic', { authorization: `Basic ${ADMIN}` }],
    ['Basic, encoded', { authorization: `Basic ${btoa(`admin:${ADMIN}`)}` }],
    ['no scheme', { authorization: ADMIN }],
    ['as an agent shows a key', { 'x-outpost-auth': ADMIN }],
    ['in a cookie', { cookie: `CF_Authorization=${ADMIN}` }],
    ['an agent’s key', bearer(SECRETS.AGENT_KEY)],
    ['a word for nothing', bearer('undefined')],
    ['the word null', bearer('null')],
  ])('%s: 401', async (_title, headers) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await call('/_outpost/status', { headers, method, from: FROM.keyed })
      expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="outpost operator"')
    }
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'the admin may %s',
    async (method) => {
      const { status } = await call('/_outpost/status', { headers: bearer(ADMIN), method })
      expect(status).toBe(['GET', 'HEAD'].includes(method) ? 200 : 405)
    },
  )

  it('the scheme is read in any case', async () => {
    const headers = { authorization: `bEARER   ${ADMIN}` }
    expect((await call('/_outpost/status', { headers })).status).toBe(200)
  })

  it.each(['GET', 'HEAD'])('a viewer may %s', async (method) => {
    const answer = await call('/_outpost/status', { headers: bearer(VIEWER), method })
    expect(answer.status).toBe(200)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('a viewer may not %s', async (method) => {
    for (const path of ['/_outpost/status', '/_outpost/nothing', '/_outpost/']) {
      const answer = await call(path, { headers: bearer(VIEWER), method })
      expectRefusal(answer, 403, 'PROXY_OPERATOR_DENIED')
    }
  })

  it.each<[string, Record<string, unknown>, string, number]>([
    ['no admin token', { OUTPOST_ADMIN_TOKEN: undefined }, ADMIN, 401],
    ['a viewer token alone', { OUTPOST_ADMIN_TOKEN: '' }, VIEWER, 200],
    ['no viewer token', { OUTPOST_VIEWER_TOKEN: ' ' }, VIEWER, 401],
    ['an admin token alone', { OUTPOST_VIEWER_TOKEN: undefined }, ADMIN, 200],
    ['neither', { OUTPOST_ADMIN_TOKEN: '', OUTPOST_VIEWER_TOKEN: '' }, ADMIN, 503],
  ])('with %s configured', async (_title, env, token, status) => {
    expect((await call('/_outpost/status', { headers: bearer(token), env })).status).toBe(status)
  })

  it.each([
    ['the admin’s', ADMIN, 'admin'],
    ['the viewer’s', VIEWER, 'viewer'],
    ['a wrong one', 'wrong', undefined],
    ['none', '', undefined],
  ])('%s is compared with both', async (_title, sent, name) => {
    const operators = { admin: new Secret(ADMIN), viewer: new Secret(VIEWER) }
    const compared = [operators.admin, operators.viewer].map((each) => vi.spyOn(each, 'equals'))
    const request = new Request('https://proxy.test/_outpost/status', { headers: bearer(sent) })
    const found = await operatorOf(request, { operators, access: null }).catch(() => null)
    expect(compared.map(({ mock }) => mock.calls.length)).toEqual([1, 1])
    expect(found?.name).toBe(name)
  })
})

describe('Cloudflare Access', () => {
  it('its user may read and write', async () => {
    const env = access()
    expect((await call('/_outpost/status', { headers: vouched(), env })).status).toBe(200)
    const asking = { ...POST, headers: vouched(), env }
    expectRefusal(await call('/_outpost/status', asking), 405, 'PROXY_METHOD_DENIED')
  })

  it('opens alone, without any token configured', async () => {
    const env = { ...access(), OUTPOST_ADMIN_TOKEN: '', OUTPOST_VIEWER_TOKEN: '' }
    expect((await call('/_outpost/status', { headers: vouched(), env })).status).toBe(200)
    const nobody = await call('/_outpost/status', { env })
    expectRefusal(nobody, 401, 'PROXY_AUTH_REQUIRED')
    const asking = { headers: bearer(ADMIN), env }
    expectRefusal(await call('/_outpost/status', asking), 401, 'PROXY_AUTH_REQUIRED')
  })

  it.each<[string, Record<string, string>]>([
    ['a wrong token', bearer('wrong')],
    ['an empty token', { authorization: 'Bearer ' }],
    ['an empty header', { authorization: '' }],
    ['another scheme', { authorization: 'Basic eDp5' }],
    ['an agent’s key', bearer(SECRETS.AGENT_KEY)],
  ])('%s beside a good assertion: 401', async (_title, other) => {
    const asking = { headers: vouched(other), env: access() }
    expectRefusal(await call('/_outpost/status', asking), 401, 'PROXY_AUTH_REQUIRED')
  })

  it('a viewer’s token beside a good assertion is a viewer’s', async () => {
    const asking = { ...POST, headers: vouched(bearer(VIEWER)), env: access() }
    expectRefusal(await call('/_outpost/status', asking), 403, 'PROXY_OPERATOR_DENIED')
  })

  it('a good token beside a bad assertion is good', async () => {
    const headers = { ...bearer(ADMIN), 'cf-access-jwt-assertion': 'x' }
    expect((await call('/_outpost/status', { headers, env: access() })).status).toBe(200)
  })

  it('an assertion anywhere else is none', async () => {
    for (const headers of [
      { cookie: `CF_Authorization=${assertion}` },
      { 'x-outpost-auth': assertion },
      bearer(assertion),
    ]) {
      const answer = await call('/_outpost/status', { headers, env: access() })
      expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
    }
  })

  it('opens nothing on the request path', async () => {
    const asking = { provider: 'plain', headers: vouched(), env: access(), from: FROM.keyed }
    const answer = await call('/echo', asking)
    expectRefusal(answer, 401, 'PROXY_AUTH_REQUIRED')
    expect(answer.seen).toEqual([])
  })

  it.each<[string, () => Record<string, string>, string]>([
    ['the team alone', () => ({ ACCESS_TEAM_DOMAIN: team.url }), 'ACCESS_AUD is not set'],
    ['the audience alone', () => ({ ACCESS_AUD: AUDIENCE }), 'ACCESS_TEAM_DOMAIN is not set'],
    [
      'a team that is none',
      () => ({ ACCESS_TEAM_DOMAIN: `${team.url}/x`, ACCESS_AUD: AUDIENCE }),
      'ACCESS_TEAM_DOMAIN has an error',
    ],
    [
      'an audience that is none',
      () => ({ ACCESS_TEAM_DOMAIN: team.url, ACCESS_AUD: `${AUDIENCE},` }),
      'ACCESS_AUD has an error',
    ],
  ])('with %s it is not configured, and the status says so', async (_title, half, problem) => {
    const closed = { ...half(), OUTPOST_ADMIN_TOKEN: '', OUTPOST_VIEWER_TOKEN: '' }
    const answer = await call('/_outpost/status', { headers: vouched(), env: closed })
    expectRefusal(answer, 503, 'PROXY_CONTROL_CLOSED')
    const asking = { headers: vouched(), env: half() }
    expectRefusal(await call('/_outpost/status', asking), 401, 'PROXY_AUTH_REQUIRED')
    const status = await call('/_outpost/status', { headers: bearer(ADMIN), env: half() })
    const { problems } = JSON.parse(status.text) as { problems: string[] }
    expect(problems).toContain(`${problem}: nobody comes in through Cloudflare Access`)
    expect(status.text).not.toContain(AUDIENCE)
  })
})
