import { Hono } from 'hono'

import { nameOf } from '../call.ts'
import type { Deps } from '../deps.ts'
import { identify, placeOf, reachOf } from '../identity.ts'
import type { Caller } from '../identity.ts'
import { asRefusal, Refusal, refuse } from '../refusal.ts'
import type { Settings } from '../settings.ts'
import { readTarget } from '../target.ts'
import { DOCS_PAGE } from './docs.ts'
import { OPENAPI } from './openapi.ts'
import { crossOrigin, operatorOf } from './operator.ts'
import type { Operator } from './operator.ts'
import { statusOf } from './status.ts'

/** What answers for the proxy itself, when no provider is named: contract §4. */
const OPEN_PATHS = new Set(['/healthz', '/providers', '/openapi.json', '/docs'])
const OPERATOR_PREFIX = '/_outpost/'

interface Context {
  Bindings: { deps: Deps }
  /** Set on the operator's paths, and only there. */
  Variables: { operator: Operator }
}

/** Routed by our own reading of the path: Hono's decodes it, and the proxy does not. */
const app = new Hono<Context>({ getPath: (request) => readTarget(request)?.path ?? '' })

app.use(async (c, next) => {
  await next()
  c.res.headers.set('cache-control', 'no-store')
  c.res.headers.set('x-content-type-options', 'nosniff')
  c.res.headers.set('cross-origin-resource-policy', 'same-origin')
})

app.get('/healthz', (c) => {
  const caller = callerOf(c.req.raw, c.env.deps)
  if (!caller) return c.json({ status: 'ok' })
  return c.json({ status: 'ok', providers: reachOf(caller, c.env.deps.catalog).available() })
})

app.get('/providers', (c) => {
  const { catalog } = c.env.deps
  const names = reachOf(mustBeCaller(c.req.raw, c.env.deps), catalog).available()
  const providers = names.flatMap((name) => catalog.providers.get(name) ?? [])
  return c.json({
    providers: providers.map(({ name, base_url, description }) => ({
      name,
      base_url,
      description,
    })),
  })
})

app.get('/openapi.json', (c) => c.json(OPENAPI))

app.get('/docs', (c) => {
  c.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
  return c.html(DOCS_PAGE)
})

app.use('/_outpost/*', async (c, next) => {
  c.set('operator', await operatorOf(c.req.raw, c.env.deps))
  crossOrigin(c.req.raw)
  await next()
})

app.get('/_outpost/status', async (c) => c.json(await statusOf(c.env.deps)))

app.notFound(() => refuse(new Refusal('PROXY_NO_ROUTE', 'there is no such endpoint')))
app.onError((error) => refuse(asRefusal(error)))

/**
 * Whether a request is for the proxy itself. The operator's paths always are; the others only by
 * GET or HEAD and when neither header, host name nor prefix names a provider.
 */
export function isControl(request: Request, settings: Settings): boolean {
  if (!/\/(?:_outpost|healthz|providers|openapi\.json|docs)/.test(request.url)) return false
  const target = readTarget(request)
  if (!target) return false
  if (`${target.path}/`.startsWith(OPERATOR_PREFIX)) return true
  if (!OPEN_PATHS.has(target.path) || !['GET', 'HEAD'].includes(request.method)) return false
  try {
    return ['default', 'nothing'].includes(nameOf(request.headers, target, settings).by)
  } catch {
    return false // an ambiguous name: the request path says so
  }
}

/** Answers for the proxy itself. Never throws. */
export async function control(request: Request, deps: Deps): Promise<Response> {
  const response = await app.fetch(request, { deps })
  const answer = new Response(response.body, response)
  answer.headers.set('x-outpost-request-id', deps.newId(deps.now()))
  return answer
}

function callerOf(request: Request, deps: Deps): Caller | null {
  try {
    return mustBeCaller(request, deps)
  } catch {
    return null
  }
}

/** @throws Refusal 401 or 403 for a stranger. */
function mustBeCaller(request: Request, deps: Deps): Caller {
  const call = { method: 'GET', path: '/', query: '', named: { by: 'nothing', name: '' } } as const
  return identify({ ...call, request }, null, placeOf(request, deps), deps.settings)
}
