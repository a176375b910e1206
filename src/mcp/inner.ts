import type { Json } from '../content/json.ts'
import { isOperators } from '../control/paths.ts'
import type { RequestArguments } from '../control/tool_schemas.ts'
import { folded, forwardable } from '../headers.ts'
import { slotsOf } from '../presented.ts'
import { Refusal } from '../refusal.ts'
import { readTarget, urlBeside } from '../target.ts'
import type { Asking } from './tool.ts'
import { written } from './values.ts'

/**
 * What of the agent's own request says who it is and from where. These are copied as they came, so that
 * the call is judged as one that the agent had sent itself.
 */
const OF_THE_CALLER = [
  'x-outpost-auth',
  'x-outpost-tenant',
  'x-outpost-project',
  'cf-connecting-ip',
  'x-forwarded-for',
]

const TOKEN = /op_[0-9A-Za-z]{43}/

/**
 * The call that a tool was asked for, as a request to ourselves. Nothing in the arguments can change who
 * asks, and what is asked is what they say or nothing: URL parsing must leave it alone.
 * @throws Refusal 400
 */
export function innerRequest(
  args: RequestArguments,
  body: Json | undefined,
  asking: Asking,
): Request {
  const { request } = asking
  const { method, path, provider } = args
  if (isOperators(path)) throw bad('the path is one of Outpost itself, which no tool calls')
  const query = queryIn(args.query)
  const text = bodyIn(body, method)
  const headers = headersIn(args, text, asking)
  headers.set('x-provider', provider)
  for (const each of [path, query, ...headersOf(args)]) rejectToken(each)
  const inner = new Request(urlBeside(request, path + query) ?? '', {
    method,
    headers,
    redirect: 'manual',
    signal: request.signal,
    ...(text === null ? {} : { body: text }),
    ...(request.cf ? { cf: request.cf } : {}),
  })
  if (readTarget(inner)?.path !== path || inner.method !== method) {
    throw new Refusal('PROXY_BAD_PATH', 'the path cannot be read in one way: percent-encode it')
  }
  return inner
}

function headersIn(args: RequestArguments, text: string | null, asking: Asking): Headers {
  const { request, caller, deps } = asking
  const own = new Headers(Object.entries(args.headers))
  checkNames(own, new Set([...slotsOf(deps.catalog).headers.keys()].map(folded)))
  if (text !== null && !own.has('content-type')) own.set('content-type', typeOf(text))
  own.set('accept-encoding', 'identity')
  const explicit = request.headers.has('x-outpost-auth')
  const names = [...OF_THE_CALLER, ...(explicit ? [] : caller.carriers.headers)]
  for (const name of names) {
    const value = request.headers.get(name)
    if (value !== null) own.set(name, value)
  }
  return own
}

/** Those that Outpost would not send on, and those that a key could stand in, are not to be given. */
function checkNames(own: Headers, slots: ReadonlySet<string>): void {
  const passing = forwardable(own, { slots, permitted: [], cookies: false })
  const stopped = [...own.keys()].filter((name) => !passing.has(name))
  if (stopped.length === 0) return
  throw new Refusal('PROXY_BAD_REQUEST', 'headers that are not for the caller to set', {
    metadata: { headers: stopped.slice(0, 10) },
  })
}

function headersOf({ headers }: RequestArguments): readonly string[] {
  return Object.values(headers)
}

function rejectToken(text: string): void {
  if (!TOKEN.test(text) && !TOKEN.test(unescaped(text))) return
  throw bad('no token has a place in the arguments: the call goes with your own')
}

function unescaped(text: string): string {
  return text.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  )
}

function queryIn(query: RequestArguments['query']): string {
  if (typeof query === 'string') return query === '' || query.startsWith('?') ? query : `?${query}`
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(
      (each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each))}`,
    ),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** A text goes as it is, any other value as JSON. null: there is none. */
function bodyIn(body: Json | undefined, method: string): string | null {
  if (body === undefined || body === null) return null
  if (method === 'GET' || method === 'HEAD') throw bad(`${method} has no body`)
  return typeof body === 'string' ? body : written(body)
}

function typeOf(text: string): string {
  try {
    JSON.parse(text)
    return 'application/json'
  } catch {
    return 'text/plain; charset=utf-8'
  }
}

function bad(message: string): Refusal {
  return new Refusal('PROXY_BAD_REQUEST', message)
}
