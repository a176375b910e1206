import type { Draft } from './auth/scheme.ts'
import type { Call } from './call.ts'
import type { Send } from './deps.ts'
import { takesBody } from './incoming.ts'
import { shownUrlOf, urlOf } from './outbound.ts'
import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'
import { isUnchanged } from './target.ts'
import type { Upload } from './upload.ts'
import { isUpgrade } from './websocket/upgrade.ts'

/** An upstream's answer, and the URL that was asked for it, with `{token}` in place of a key in its path. */
export interface Upstream {
  readonly response: Response
  readonly url: string
  /** Of the request body: see `Upload`. */
  readonly digest: Promise<string | null>
}

/**
 * The one place that talks to an upstream. Redirects are never followed. Waits at most the
 * provider's `timeout_ms` for response headers, from the last sign of the request body flowing; a
 * stream that flows is never cut.
 */
export async function forward(
  permit: Permit,
  draft: Draft,
  upload: Upload,
  send: Send,
): Promise<Upstream> {
  const url = urlOf(permit.provider, draft, permit.call.query)
  const { stop } = upload
  const { timeout_ms } = permit.provider
  const { signal } = permit.call.request
  const leave = (): void => stop.abort()
  if (!upload.patient) {
    if (signal.aborted) throw hungUp()
    signal.addEventListener('abort', leave)
  }
  let timer = setTimeout(() => stop.abort(), timeout_ms)
  upload.onProgress = () => {
    clearTimeout(timer)
    timer = setTimeout(() => stop.abort(), timeout_ms)
  }
  try {
    const [request, init] = requestOf(url, permit.call, draft, upload)
    const response = await send(request, init, permit.provider.mtls)
    const opens = response.webSocket && isUpgrade(permit.call.request)
    if (!opens && (response.status < 200 || response.status > 599)) {
      await response.body?.cancel()
      throw new Refusal('PROXY_UPSTREAM_ERROR', 'the upstream answered with an impossible status', {
        answered: true,
      })
    }
    const shown = shownUrlOf(permit.provider, draft, permit.call)
    return { response, url: shown, digest: upload.digest }
  } catch (cause) {
    throw whyNot(cause, upload, signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
    upload.onProgress = () => {}
  }
}

/**
 * The draft as `fetch` wants it, for this very URL, or not at all: nothing may be read in another
 * way on its way.
 */
function requestOf(
  url: string,
  { request, method }: Call,
  { headers }: Draft,
  { body, stop }: Upload,
): readonly [Request | string, RequestInit] {
  const { signal } = stop
  if (!isUnchanged(url.slice(url.indexOf('/', ORIGIN_AT))) && new URL(url).href !== url) {
    throw new Error('the URL would not be sent as it was evaluated')
  }
  // Last, so that no scheme signs what is for one hop.
  if (isUpgrade(request)) headers.set('upgrade', 'websocket')
  if (!body || takesBody(method)) {
    return [url, { method, headers, body, redirect: 'manual', signal }]
  }
  return [new Request(new Request(url, request), { headers, redirect: 'manual' }), { signal }]
}

/** Behind the two slashes of `http://` or `https://`. */
const ORIGIN_AT = 'https://'.length

function hungUp(cause?: unknown): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', 'the caller went away', { reason: 'hung up', cause })
}

function whyNot(cause: unknown, { refusal, stop }: Upload, agent: AbortSignal): Refusal {
  if (cause instanceof Refusal) return cause
  if (refusal) return refusal
  if (agent.aborted) return hungUp(cause)
  if (stop.signal.aborted) {
    return new Refusal('PROXY_UPSTREAM_TIMEOUT', 'the upstream did not answer in time', { cause })
  }
  return new Refusal('PROXY_UPSTREAM_ERROR', 'the upstream could not be reached', { cause })
}
