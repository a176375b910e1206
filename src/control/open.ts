import type { Deps } from '../deps.ts'
import { availableTo, identify, placeOf } from '../identity.ts'
import type { Caller } from '../identity.ts'
import { docsPage } from './docs.ts'
import type { Handler } from './handler.ts'

export const health: Handler<'health'> = async ({ request, deps }) => {
  const caller = callerOf(request, deps)
  if (!caller) return { status: 'ok' }
  return { status: 'ok', providers: availableTo(caller, deps.catalog) }
}

export const providers: Handler<'providers'> = async ({ request, deps }) => {
  const names = availableTo(mustBeCaller(request, deps), deps.catalog)
  const found = names.flatMap((name) => deps.catalog.providers.get(name) ?? [])
  return {
    providers: found.map(({ name, base_url, description }) => ({ name, base_url, description })),
  }
}

export const openapi: Handler<'openapi'> = async ({ deps }) =>
  new Response(deps.openapi, { headers: { 'content-type': 'application/json' } })

export const docs: Handler<'docs'> = async ({ deps }) => {
  const { html, policy } = await docsPage(deps.openapi)
  return new Response(html, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy },
  })
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
