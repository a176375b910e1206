import { reachOf } from '../identity.ts'
import { callerOf } from './callers.ts'
import { docsPage } from './docs.ts'
import type { Handler } from './handler.ts'
import { healthOf } from './health.ts'

export const health: Handler<'health'> = ({ request, deps }) => healthOf(request, deps)

export const providers: Handler<'providers'> = async ({ request, deps }) => {
  const names = reachOf(await callerOf(request, deps), deps.catalog).available()
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
