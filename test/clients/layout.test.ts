import { createServer, request as send } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const HUB_TOKEN = 'sentinel-hub-layout-5be2'
const at = clientsOutpost({ HUB_TOKEN })

/** `hub-api GET /user` */
const received: string[] = []
const servers: Server[] = []
let token = ''

beforeAll(async () => {
  for (const name of ['hub-api', 'hub-uploads', 'hub-git']) {
    const server = createServer((request, response) => {
      received.push(`${name} ${request.method} ${request.url}`)
      const to = new URL(request.url ?? '', 'http://x').searchParams.get('to')
      if (to !== null) response.setHeader('location', to)
      response.end()
    })
    servers.push(server.listen(at.port(name), '127.0.0.1'))
  }
  token = await at.grant('hub', 'hub-uploads', 'hub-git')
})

beforeEach(() => {
  received.length = 0
})

afterAll(() => servers.forEach((server) => server.close()))

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** `fetch` sends no `Host` of a caller's. */
function ask(path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(at.url)
    const asking = send({ hostname, port, path, method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, text }),
      )
    })
    asking.on('error', fail)
    asking.end()
  })
}

const hub = { host: 'hub.outpost.test' }

describe('by host name', () => {
  it.each([
    ['/api/v3/user?x=1', 'hub-api GET /user?x=1'],
    ['/api/v3', 'hub-api GET /'],
    ['/api/graphql', 'hub-api GET /graphql'],
    ['/api/uploads/repos/o/r', 'hub-uploads GET /repos/o/r'],
    [
      '/o/r/info/refs?service=git-upload-pack',
      'hub-git GET /o/r/info/refs?service=git-upload-pack',
    ],
  ])('%s: %s', async (path, expected) => {
    const { status, headers } = await ask(path, { ...hub, authorization: `token ${token}` })
    expect(status).toBe(200)
    expect(received).toEqual([expected])
    expect(headers['x-proxy-provider']).toBe(
      expected.startsWith('hub-api') ? 'hub' : expected.split(' ')[0],
    )
  })

  it.each(['/API/v3/user', '/api//v3/user', '/api/v3//user', '/api/v3;x/user', '/%61pi/v3/user'])(
    'refused, since it could be two: %s',
    async (path) => {
      const { status, headers } = await ask(path, { ...hub, authorization: `token ${token}` })
      expect([status, headers['x-proxy-error']]).toEqual([400, 'PROXY_BAD_PATH'])
      expect(received).toEqual([])
    },
  )

  it('a grant for one of them opens no other', async () => {
    const only = await at.grant('hub-git')
    const asked = (path: string) => ask(path, { ...hub, authorization: `token ${only}` })
    expect((await asked('/o/r')).status).toBe(200)
    expect((await asked('/api/v3/user')).headers['x-proxy-error']).toBe('PROXY_GRANT_DENIED')
    expect((await asked('/API/v3/user')).headers['x-proxy-error']).toBe('PROXY_GRANT_DENIED')
    expect(received).toEqual(['hub-git GET /o/r'])
  })

  it('named by header or path, nothing is laid out', async () => {
    const authorization = `token ${token}`
    await ask('/p/hub/api/v3/user', { host: 'outpost.test', authorization })
    await ask('/api/v3/user', { ...hub, 'x-provider': 'hub', authorization })
    expect(received).toEqual(['hub-api GET /api/v3/user', 'hub-api GET /api/v3/user'])
  })

  it.each([
    ['/api/v3/x', 'hub-api', '/repos/o/new?x=1', '/api/v3/repos/o/new?x=1'],
    ['/api/v3/x', 'hub-uploads', '/repos/o', '/api/uploads/repos/o'],
    ['/o/old', 'hub-git', '/o/new', '/o/new'],
    ['/o/old', 'hub-api', '/user', '/api/v3/user'],
  ])('%s, and a Location of %s %s: %s', async (path, name, to, expected) => {
    const target = `http://127.0.0.1:${at.port(name)}${to}`
    const query = `?to=${encodeURIComponent(target)}`
    const { headers } = await ask(path + query, { ...hub, authorization: `token ${token}` })
    expect(headers['location']).toBe(expected)
  })

  it('a Location that would lead elsewhere stays as it is', async () => {
    const target = `http://127.0.0.1:${at.port('hub-git')}/api/v3/user`
    const query = `?to=${encodeURIComponent(target)}`
    const { headers } = await ask(`/o/r${query}`, { ...hub, authorization: `token ${token}` })
    expect(headers['location']).toBe(target)
  })
})

describe('a stranger', () => {
  const git = '/o/r.git/info/refs?service=git-upload-pack'
  const without = ({ headers, ...rest }: Answer) => {
    const { date: _date, 'x-outpost-request-id': _id, ...others } = headers
    return { ...rest, headers: others }
  }

  it('learns nothing of what there is from how git is asked for a password', async () => {
    const first = await ask(git, hub)
    expect(first.status).toBe(401)
    expect(first.headers['www-authenticate']).toMatch(/^Basic /)
    for (const [path, host] of [
      [git, 'nobody.outpost.test'],
      [`/API/v3${git}`, 'hub.outpost.test'],
      [`/p/hub${git}`, 'outpost.test'],
      [`/p/nobody${git}`, 'outpost.test'],
      [git, 'outpost.test'],
    ] as const) {
      expect([path, without(await ask(path, { host }))]).toEqual([path, without(first)])
    }
    expect(received).toEqual([])
  })

  it('is not asked for one elsewhere', async () => {
    const { status, headers } = await ask('/o/r', hub)
    expect([status, headers['www-authenticate']]).toEqual([403, undefined])
  })
})
