import type { Context } from 'hono'
import { Hono } from 'hono/tiny'

import { writeCall } from '../audit/write.ts'
import { placeOf } from '../identity.ts'
import { asRefusal, Refusal, refuse } from '../refusal.ts'
import { readTarget } from '../target.ts'
import { callerOf } from './callers.ts'
import type { ControlDeps } from './deps.ts'
import { served } from './endpoints.ts'
import type { Endpoint, Operation } from './endpoints.ts'
import type { Handler } from './handler.ts'
import { HANDLERS } from './handlers.ts'
import { readInput } from './input.ts'
import { crossOrigin, operatorOf } from './operator.ts'
import { own } from './own.ts'
import { isOperators } from './paths.ts'

interface Env {
  Bindings: { deps: ControlDeps }
}

/** Answers for the proxy itself. Never throws. */
export async function control(request: Request, deps: ControlDeps): Promise<Response> {
  app ??= routed()
  return own(await app.fetch(request, { deps }), deps)
}

/** Made for the first request that needs it: most isolates never do. */
let app: Hono<Env> | undefined

/** Routes by our own reading of the path: Hono's decodes it, and the proxy does not. */
function routed(): Hono<Env> {
  const made = new Hono<Env>({ getPath: pathOf })
  const methods = new Map<string, Endpoint[]>()
  for (const [name, row] of served()) {
    const path = row.path.replaceAll(/\{(\w+)\}/g, ':$1')
    made.on(row.method, path, (c) => answer(c, name, row))
    methods.set(path, [...(methods.get(path) ?? []), row])
  }
  for (const [path, known] of methods) made.all(path, (c) => noMethod(c, known))
  made.notFound((c) => noRoute(c))
  made.onError((error) => refuse(asRefusal(error)))
  return made
}

/** The path as it was sent. One that ends in a slash is another, which this router does not see. */
function pathOf(request: Request): string {
  const path = readTarget(request)?.path ?? ''
  return path.endsWith('/') ? '' : path
}

/** Who asks, from where, and what, in this order. Nothing is done before all three are settled. */
async function answer(c: Context<Env>, name: Operation, row: Endpoint): Promise<Response> {
  const { deps } = c.env
  const request = c.req.raw
  const by = row.who === 'operator' ? await operatorIn(c) : ''
  const query = readTarget(request)?.query ?? ''
  const input = await readInput(row, { params: c.req.param(), query, body: request.body })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one row, its handler, its input
  const handler = HANDLERS[name] as Handler<never>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  const asked = { ...input, request, deps, now: deps.now(), by } as never
  const answered = await handler(asked)
  if (answered instanceof Response) return answered
  return Response.json(answered, { status: row.status })
}

/** Whoever may ask by some method is told by which. */
async function noMethod(c: Context<Env>, known: readonly Endpoint[]): Promise<Response> {
  if (known.some(({ who }) => who === 'caller')) await callerOf(c.req.raw, c.env.deps)
  else await checkOperator(c)
  const allow = known
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : method))
    .join(', ')
  throw new Refusal('PROXY_METHOD_DENIED', 'not with this method', { headers: { allow } })
}

async function noRoute(c: Context<Env>): Promise<Response> {
  await checkOperator(c)
  throw new Refusal('PROXY_NO_ROUTE', 'there is no such endpoint')
}

/** Who is no operator learns nothing of which paths there are. */
async function checkOperator(c: Context<Env>): Promise<void> {
  if (isOperators(readTarget(c.req.raw)?.path ?? '')) await operatorIn(c)
}

/**
 * The operator's name.
 * @throws Refusal for anybody else, and for pages of other sites. That is recorded as a stranger's call.
 */
async function operatorIn({ req, env }: Context<Env>): Promise<string> {
  const request = req.raw
  const { deps } = env
  try {
    const { name } = await operatorOf(request, deps)
    crossOrigin(request)
    return name
  } catch (error) {
    recordRefused(request, asRefusal(error), deps)
    throw error
  }
}

function recordRefused(request: Request, refusal: Refusal, deps: ControlDeps): void {
  const at = deps.now()
  const path = readTarget(request)?.path ?? '/'
  const named = { by: 'nothing', name: '' } as const
  const call = { method: request.method, path, query: '', named, request }
  const so = { id: deps.newId(at), at, request, call, place: placeOf(request, deps), refusal }
  writeCall(so, { now: at, response: refuse(refusal) }, deps)
}
