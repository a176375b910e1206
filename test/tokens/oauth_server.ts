import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import OidcProvider from 'oidc-provider'

/** Sentinels: nothing that a vault stores or an agent gets may contain one. */
export const OAUTH = {
  id: 'sentinel client:id',
  secret: 'sentinel+oauth secret/%:3d1b',
} as const

export interface OAuthServer {
  readonly url: string
  readonly close: () => Promise<void>
}

const CLIENT_SETTINGS = {
  client_secret: OAUTH.secret,
  grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
  redirect_uris: ['http://127.0.0.1/cb'],
  response_types: ['code'],
}

const CONFIGURATION = {
  clients: [
    {
      ...CLIENT_SETTINGS,
      client_id: OAUTH.id,
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'openid offline_access read write',
    },
    {
      ...CLIENT_SETTINGS,
      client_id: `${OAUTH.id} basic`,
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid offline_access read write',
    },
  ],
  scopes: ['openid', 'offline_access', 'read', 'write'],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  // A token that was used is good for nothing, and its second use revokes the whole grant.
  rotateRefreshToken: true,
  ttl: { ClientCredentials: 600, AccessToken: 600, RefreshToken: 3600, Grant: 3600, IdToken: 600 },
  cookies: { keys: ['of no use here'] },
  findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
}

interface Exchange {
  readonly pathname: string
  readonly query: URLSearchParams
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly json: (value: unknown, status?: number) => void
}

type Route = (exchange: Exchange) => void | Promise<void>

/** Answers of endpoints that are out of order, below `/bad/`. */
const BAD: Readonly<Record<string, (response: ServerResponse) => void>> = {
  redirect: (response) => response.writeHead(307, { location: '/token' }).end(),
  html: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'),
  empty: (response) => response.writeHead(200).end(),
  huge: (response) => response.writeHead(200).end(`{"access_token":"${'x'.repeat(70_000)}"}`),
  blank: (response) => response.writeHead(200).end('{"access_token":"two words"}'),
  unavailable: (response) => response.writeHead(503).end('try later'),
  odd: (response) =>
    response.writeHead(400).end('{"error":"sentinel-endpoint-text","error_description":"x"}'),
  gone: (response) => response.destroy(),
  hang: () => {},
}

/** A real OAuth server on loopback, an API that takes its tokens, and a few that are broken. */
export async function startOAuthServer(): Promise<OAuthServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  server.on('connection', (socket) => socket.unref())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = quietly(() => new OidcProvider(url, CONFIGURATION))
  const handle = provider.callback()
  const asked = new Map<string, number>()

  const routes: Readonly<Record<string, Route>> = {
    bad: ({ pathname, response }) => (BAD[pathname.slice(5)] ?? BAD['gone'])?.(response),
    asked: ({ query, json }) => json(asked.get(query.get('path') ?? '') ?? 0),
    seed: async ({ json }) => json({ token: await seed(provider) }),
    api: async ({ request, json }) => {
      const ok = await isToken(provider, request)
      json({ ok }, ok ? 200 : 401)
    },
    coded: ({ json }) => json({ errors: [{ code: 7 }, { code: 'UDAPI100050' }] }),
    groww: async ({ request, json }) => json(await groww(request)),
    // The token endpoint, 200 ms later.
    slow: ({ request, response }) => {
      request.url = '/token'
      setTimeout(() => void handle(request, response), 200)
    },
  }
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', url)
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1)
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const route = routes[pathname.split('/')[1] ?? '']
    if (!route) return void handle(request, response)
    void route({ pathname, query, request, response, json })
  })
  return {
    url,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The first refresh token of a new grant, as if somebody had just consented. */
async function seed(provider: OidcProvider): Promise<string> {
  const client = await provider.Client.find(OAUTH.id)
  if (!client) throw new Error('no client')
  const grant = new provider.Grant({ accountId: 'somebody', clientId: OAUTH.id })
  grant.addOIDCScope('openid offline_access read')
  const token = new provider.RefreshToken({
    client,
    accountId: 'somebody',
    grantId: await grant.save(),
    gty: 'authorization_code',
    scope: 'openid offline_access read',
    expiresWithSession: false,
  })
  return token.save()
}

async function isToken(provider: OidcProvider, { headers }: IncomingMessage): Promise<boolean> {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  const { AccessToken, ClientCredentials } = provider
  return ((await AccessToken.find(token)) ?? (await ClientCredentials.find(token))) !== undefined
}

/** What Groww's endpoint checks, with the request in the answer for the test to see. */
async function groww(request: IncomingMessage) {
  const body: unknown = JSON.parse(await text(request))
  return {
    token: `minted by ${request.url}`.replaceAll(/[^a-z]/g, '-'),
    expiry: '2099-01-01T06:00:00',
    seen: { body, authorization: request.headers.authorization },
  }
}

function quietly<T>(work: () => T): T {
  const { warn, info } = console
  console.warn = console.info = () => {}
  try {
    return work()
  } finally {
    Object.assign(console, { warn, info })
  }
}
