import { describe, expect, it } from 'vitest'

import { served } from '../../src/control/endpoints.ts'
import { REFUSALS } from '../../src/refusal.ts'
import { call } from '../worker/call.ts'
import { pathOf, well } from './asking.ts'

async function page() {
  const { status, headers, text } = await call('/docs', { from: null })
  expect(status).toBe(200)
  return { text, policy: headers.get('content-security-policy') ?? '' }
}

async function sourceOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
}

describe('/docs', () => {
  it('lists every endpoint and every refusal', async () => {
    const { text } = await page()
    for (const [, { method, path, summary }] of served()) {
      expect(text).toContain(`<code>${method} ${path}</code> ${summary}`)
    }
    for (const code of Object.keys(REFUSALS)) expect(text).toContain(code)
  })

  it('has what the schemas say of each field', async () => {
    const { text } = await page()
    for (const name of ['providers[].allow[].pattern', 'rate_limits[].window_ms', 'overlap']) {
      expect(text).toContain(`<code>${name}</code>`)
    }
    expect(text).toContain('required; a whole number from 1 to 7776000')
  })

  it('runs its own script and style, and nothing else', async () => {
    const { text, policy } = await page()
    const scripts = [...text.matchAll(/<script>([^]*?)<\/script>/g)].map(([, source]) => source)
    const styles = [...text.matchAll(/<style>([^]*?)<\/style>/g)].map(([, source]) => source)
    expect([scripts.length, styles.length]).toEqual([1, 1])
    const directives = new Map(
      policy.split('; ').map((each) => [each.split(' ')[0], each.split(' ').slice(1).join(' ')]),
    )
    expect(Object.fromEntries(directives)).toEqual({
      'default-src': "'none'",
      'script-src': await sourceOf(scripts[0] ?? ''),
      'style-src': await sourceOf(styles[0] ?? ''),
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    })
    // Nothing that the policy would stop: no handlers, no styles of elements, nothing from elsewhere.
    expect(text).not.toMatch(/\son\w+=|\sstyle=|<link|<img|src=|https?:\/\//)
  })

  it('keeps a token nowhere, and shows answers as text', async () => {
    const { text } = await page()
    expect(text).not.toMatch(/localStorage|sessionStorage|cookie|indexedDB|innerHTML|eval/)
    expect(text).toContain('textContent')
    expect(text).toContain('<input id="token" type="password" autocomplete="off">')
  })
})

describe('/openapi.json', () => {
  it('has every route, and every route is in it', async () => {
    const { paths } = await well('openapi')
    const documented = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const routed = served().map(([, { method, path }]) => `${method} ${path}`)
    expect(documented.toSorted()).toEqual(routed.toSorted())
    for (const [name, { method }] of served()) {
      // A route that there is not would be a 404 of another code.
      const { headers } = await call(pathOf(name, { params: { id: 'gr_x', key: 'x' } }), { method })
      expect(headers.get('x-proxy-error')).not.toBe('PROXY_NO_ROUTE')
    }
  })
})
