import type { Deps } from '../deps.ts'
import { Refusal } from '../refusal.ts'

/** Somebody whom the control plane answers, by the name that the ledger gets. */
export interface Operator {
  readonly name: 'admin' | 'viewer' | `access:${string}`
  readonly mayWrite: boolean
}

/**
 * Who asks: `Authorization: Bearer` with `OUTPOST_ADMIN_TOKEN` or, to read, `OUTPOST_VIEWER_TOKEN`;
 * without that header, whoever Cloudflare Access vouches for. A header that is there decides alone.
 * With nothing configured the control plane is closed to everyone.
 * @throws Refusal 503 when closed, 401 for anybody else, 403 for a viewer who would write.
 */
export async function operatorOf(
  request: Request,
  { operators, access }: Pick<Deps, 'operators' | 'access'>,
): Promise<Operator> {
  if (!operators.admin && !operators.viewer && !access) {
    throw new Refusal('PROXY_CONTROL_CLOSED', 'the control plane is not configured')
  }
  const authorization = request.headers.get('authorization')
  const operator =
    authorization === null
      ? await byAccess(request.headers.get('cf-access-jwt-assertion'), access)
      : byToken(authorization, operators)
  if (!operator.mayWrite && !isReading(request)) {
    throw new Refusal('PROXY_OPERATOR_DENIED', 'a viewer may read, and change nothing')
  }
  return operator
}

/** Both tokens are compared, whichever it is: the time says nothing of that. */
function byToken(authorization: string, { admin, viewer }: Deps['operators']): Operator {
  const [, sent = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
  const [isAdmin, isViewer] = [admin, viewer].map((token) => token?.equals(sent) === true)
  if (isAdmin) return { name: 'admin', mayWrite: true }
  if (isViewer) return { name: 'viewer', mayWrite: false }
  throw stranger('not a token of an operator')
}

/** Whoever may pass Access for this application is an admin: Access's own policy says who that is. */
async function byAccess(assertion: string | null, access: Deps['access']): Promise<Operator> {
  if (!access || assertion === null) throw stranger('no credential')
  const verified = await access.verify(assertion)
  if (!verified.ok) throw stranger(`access: ${verified.reason}`)
  return { name: verified.who, mayWrite: true }
}

/** The same for all, whatever was wrong. */
function stranger(reason: string): Refusal {
  return new Refusal('PROXY_AUTH_REQUIRED', 'this is for operators', {
    headers: { 'www-authenticate': 'Bearer realm="outpost operator"' },
    reason,
  })
}

/**
 * Keeps other sites' pages from changing anything with the session of an operator's browser, which
 * Access's cookie is: fetch metadata (https://www.w3.org/TR/fetch-metadata/) where the browser
 * sends it, else `Origin` (https://fetch.spec.whatwg.org/#origin-header), and a body of a type that
 * no page may send elsewhere without asking first. Clients that are no browsers send neither.
 * @throws Refusal 403 for a request from elsewhere, 400 for a body that is not JSON.
 */
export function crossOrigin(request: Request): void {
  if (isReading(request)) return
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  if (site !== null && !OWN_SITES.has(site)) throw elsewhere(`Sec-Fetch-Site`)
  const origin = headers.get('origin')
  if (origin !== null && !isOwn(origin, request)) throw elsewhere('Origin')
  if (hasBody(request) && !JSON_TYPE.test(headers.get('content-type') ?? '')) {
    throw new Refusal('PROXY_BAD_REQUEST', 'a body has to be application/json')
  }
}

/** `none` is what a person typed or clicked outside of any page. */
const OWN_SITES = new Set(['same-origin', 'none'])
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i
const ORIGIN = /^(https?:\/\/)[a-z0-9_.:[\]-]+$/i

function elsewhere(reason: string): Refusal {
  return new Refusal('PROXY_CROSS_ORIGIN', 'not for pages of other sites', { reason })
}

/** By host and port. Not by scheme: behind a proxy that ends TLS the two differ. */
function isOwn(origin: string, request: Request): boolean {
  const [, scheme] = ORIGIN.exec(origin) ?? []
  if (scheme === undefined) return false
  const host = request.headers.get('host') ?? URL.parse(request.url)?.host ?? ''
  // Read with one scheme, so that its default port is left out of both.
  const [theirs, ours] = [origin, scheme + host].map((each) => URL.parse(each)?.host)
  return theirs !== undefined && theirs === ours
}

function hasBody({ body, headers }: Request): boolean {
  return body !== null && headers.get('content-length') !== '0'
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}
