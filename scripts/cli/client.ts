import { EXIT, Failure } from './exit.ts'
import type { Place } from './place.ts'
import { notOutpost, refusalOf } from './refusal.ts'

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** From the root, with its parts encoded. */
  readonly path: string
  /** What is undefined is not sent. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** ms, instead of the client's own. */
  readonly patience?: number
}

/** The HTTP API, spoken to as an operator. Every method throws Failure, or Stopped by a signal. */
export interface Client {
  readonly origin: string
  /** The answer's JSON; null where it has no body (204). */
  readonly json: (ask: Ask) => Promise<unknown>
  /** A successful answer of this media type, its body unread. No time limit holds for the body. */
  readonly stream: (ask: Ask & { readonly accept: string }) => Promise<Response>
}

export interface Limits {
  /** ms until an answer has arrived. */
  readonly patience: number
  /** Ends whatever goes on. */
  readonly stop: AbortSignal
}

/** A client that sends the token to the one server, and follows no redirect. */
export function clientOf(place: Place, { patience, stop }: Limits): Client {
  const { origin } = place
  return {
    origin,
    json: (ask) =>
      within(ask.patience ?? patience, stop, origin, async (signal) => {
        const response = await send(place, ask, signal)
        return await jsonOf(response, origin)
      }),
    stream: (ask) =>
      within(ask.patience ?? patience, stop, origin, async (signal) => {
        const response = await send(place, ask, signal)
        if (isA(response, ask.accept)) return response
        await response.body?.cancel()
        throw new Failure(EXIT.unreachable, notOutpost(origin, response.status))
      }),
  }
}

/** Runs with a signal that fires at a stop, and after so many ms unless it is done by then. */
async function within<T>(
  ms: number,
  stop: AbortSignal,
  origin: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), ms)
  try {
    return await run(AbortSignal.any([stop, late.signal]))
  } catch (error) {
    stop.throwIfAborted()
    if (!late.signal.aborted) throw unreachable(error, origin)
    const said = `no answer from ${origin} within ${ms / 1000} s: try again, or a longer --timeout`
    throw new Failure(EXIT.unreachable, said)
  } finally {
    clearTimeout(timer)
  }
}

async function send(place: Place, ask: Ask, signal: AbortSignal): Promise<Response> {
  const url = new URL(ask.path, place.origin)
  for (const [name, value] of Object.entries(ask.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  const response = await fetch(url, {
    method: ask.method ?? 'GET',
    headers: {
      authorization: `Bearer ${place.token}`,
      accept: ask.accept ?? 'application/json',
      ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...ask.headers,
    },
    body: ask.body === undefined ? null : JSON.stringify(ask.body),
    redirect: 'manual',
    signal,
  })
  return checked(response, place.origin)
}

/** The answer, when it is a good one and Outpost's own: some servers are content with anything. */
async function checked(response: Response, origin: string): Promise<Response> {
  const { ok, status, headers } = response
  if (!ok) throw refusalOf(status, await beginning(response), origin)
  if (headers.has('x-outpost-request-id')) return response
  await response.body?.cancel()
  throw new Failure(EXIT.unreachable, notOutpost(origin, status))
}

async function jsonOf(response: Response, origin: string): Promise<unknown> {
  if (response.status === 204) return null
  const text = await response.text()
  try {
    if (isA(response, 'application/json')) return JSON.parse(text) as unknown
  } catch {
    // said below, without the text
  }
  throw new Failure(EXIT.unreachable, notOutpost(origin, response.status))
}

function isA(response: Response, type: string): boolean {
  const [found = ''] = (response.headers.get('content-type') ?? '').split(';')
  return found.trim().toLowerCase() === type
}

const LONGEST_ERROR = 64 * 1024

/** Of an error whatever fits: a page of a stranger's may be of any size. */
async function beginning(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > LONGEST_ERROR) break
  }
  return text
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Is it running (npm start)?',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ECONNRESET: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that host',
}

/** Whatever `fetch` or a body throws, as a Failure; one that is a Failure already stays. */
export function unreachable(error: unknown, origin: string): Failure {
  if (error instanceof Failure) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown } | null)?.code
  const known = typeof code === 'string' ? CAUSES[code] : undefined
  const said = known ?? (cause instanceof Error ? cause.message : 'the connection failed')
  return new Failure(EXIT.unreachable, `cannot reach ${origin}: ${said} (--url, OUTPOST_URL)`, {
    cause: error,
  })
}
