import { describe, expect, it } from 'vitest'

import { OPERATORS } from '../fixtures/secrets.ts'
import { outpost } from './outpost.ts'

/** The control plane on plain workerd, with objects and KV on disk. */
const at = outpost({})

const HEADERS = {
  authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}`,
  'content-type': 'application/json',
}

function asked(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...HEADERS, ...Object.fromEntries(new Headers(init.headers)) }
  return fetch(`http://127.0.0.1:${at.port}/_outpost/${path}`, { ...init, headers })
}

const post = (path: string, body: object) =>
  asked(path, { method: 'POST', body: JSON.stringify(body) })

const GRANT = {
  tenant: 'wire',
  agent: 'agent@ci',
  providers: [{ provider: 'plain', access: 'read' }],
  expires_in: 60,
}

describe('on plain workerd', () => {
  it('a grant is made, listed, rotated and revoked', async () => {
    const made = await post('grants', GRANT)
    expect(made.status).toBe(201)
    const { grant, token } = (await made.json()) as { grant: { id: string }; token: string }
    expect(token).toMatch(/^op_/)
    expect((await post(`grants/${grant.id}/rotate`, {})).status).toBe(200)
    expect((await asked(`grants/${grant.id}`, { method: 'DELETE' })).status).toBe(200)
    const listed = await (await asked('grants?tenant=wire&state=revoked')).text()
    expect(listed).toContain(grant.id)
    expect(listed).not.toContain(token)
  })

  it('a stored token goes to KV', async () => {
    const path = 'tokens/stored%3Atoken%2Fone'
    expect((await asked(path, { method: 'PUT', body: '{"value":"wire-1"}' })).status).toBe(204)
    expect((await asked(path, { method: 'DELETE' })).status).toBe(204)
  })

  it('the live record begins at once, and shows what happens', async () => {
    const leaving = new AbortController()
    const response = await asked('audit/stream?tenant=live', { signal: leaving.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('retry: 3000\n: after 0\n\n')
    const next = reader?.read()
    await post('grants', { ...GRANT, tenant: 'live' })
    expect((await next)?.value).toMatch(/^id: 1\nevent: record\ndata: \{.*"grant.created"/)
    leaving.abort()
    expect((await asked('status')).status).toBe(200)
  })

  it('an export ends, and HEAD has no body', async () => {
    const headers = { accept: 'application/x-ndjson' }
    const text = await (await asked('audit?tenant=wire', { headers })).text()
    expect(text.split('\n').length).toBeGreaterThan(2)
    const head = await asked('audit?tenant=wire', { method: 'HEAD', headers })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const live = await asked('audit/stream', { method: 'HEAD' })
    expect([live.status, await live.text()]).toEqual([200, ''])
  })
})
