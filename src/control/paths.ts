import { nameOf } from '../call.ts'
import type { Settings } from '../settings.ts'
import { readTarget } from '../target.ts'

/** What answers for the proxy itself, when no provider is named: contract §4. */
const OPEN_PATHS = new Set(['/healthz', '/providers', '/openapi.json', '/docs'])
const OPERATOR_PREFIX = '/_outpost/'

/**
 * Whether a request is for the proxy itself. The operator's paths always are; the others only by
 * GET or HEAD and when neither header, host name nor prefix names a provider.
 */
export function isControl(request: Request, settings: Settings): boolean {
  if (!/\/(?:_outpost|healthz|providers|openapi\.json|docs)/.test(request.url)) return false
  const target = readTarget(request)
  if (!target) return false
  if (isOperators(target.path)) return true
  if (!OPEN_PATHS.has(target.path) || !['GET', 'HEAD'].includes(request.method)) return false
  try {
    return ['default', 'nothing'].includes(nameOf(request.headers, target, settings).by)
  } catch {
    return false // an ambiguous name: the request path says so
  }
}

/** Whether a request for the proxy itself is a probe. */
export function isProbe(request: Request): boolean {
  return request.method === 'GET' && readTarget(request)?.path === '/healthz'
}

/** Whether a path is one of the operator's, be there anything or not. */
export function isOperators(path: string): boolean {
  return `${path}/`.startsWith(OPERATOR_PREFIX)
}
