import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'

import { asking } from '../../src/sources/ask.ts'
import { SourceError } from '../../src/sources/backend.ts'
import { isNear } from '../../src/sources/near.ts'

const { changing } = env['BACKENDS']
const sent: Request[] = []
const ask = asking((request, signal) => (sent.push(request), fetch(request, { signal })))

async function kindOf(url: string): Promise<string> {
  const error: unknown = await ask(new Request(url)).then(
    () => 'an answer',
    (failure: unknown) => failure,
  )
  if (!(error instanceof SourceError)) return String(error)
  expect(`${error.message} ${String(error.stack)}`).not.toContain('sentinel')
  return error.kind
}

describe('a place is asked', () => {
  it.each([
    ['for an answer, of whatever status', `${changing}/as/503/v1/x`, 'an answer'],
    ['and does not lead elsewhere', `${changing}/as/redirect/v1/x`, 'malformed'],
    ['for 1 MiB at most', `${changing}/as/huge/v1/x`, 'malformed'],
    ['and may not be there', 'http://127.0.0.1:1/x', 'unreachable'],
    ['and may break off', `${changing}/as/cut/v1/x`, 'unreachable'],
    ['and may hang up', `${changing}/as/gone/v1/x`, 'unreachable'],
  ])('%s', async (_title, url, kind) => {
    expect(await kindOf(url)).toBe(kind)
  })

  it.each(['http://api.test/x', 'http://169.254.169.254/x', 'http://93.184.216.34', 'ftp://a/b'])(
    'not in clear text over other networks: %s',
    async (url) => {
      sent.length = 0
      expect([await kindOf(url), sent]).toEqual(['unconfigured', []])
    },
  )

  it('without a cache in between', async () => {
    sent.length = 0
    await ask(new Request(`${changing}/v1/x`))
    expect(sent[0]).toMatchObject({ redirect: 'manual', cache: 'no-store' })
  })

  it('for ten seconds', async () => {
    vi.useFakeTimers()
    try {
      const waiting = asking(
        (_request, signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error()))),
      )(new Request('https://vault.test'))
      const failed = expect(waiting).rejects.toMatchObject({ kind: 'unreachable' })
      await vi.advanceTimersByTimeAsync(9999)
      let over = false
      void waiting.catch(() => (over = true))
      await vi.advanceTimersByTimeAsync(0)
      expect(over).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      await failed
    } finally {
      vi.useRealTimers()
    }
  })

  it('and what is no JSON is an answer without any', async () => {
    expect(await ask(new Request(`${changing}/as/html/v1/x`))).toMatchObject({
      status: 200,
      json: undefined,
    })
  })
})

describe('what is near', () => {
  it.each([
    ['127.0.0.1', true],
    ['[::1]', true],
    ['10.1.2.3', true],
    ['192.168.0.1', true],
    ['[fd12::1]', true],
    ['100.64.0.1', true],
    ['localhost', true],
    ['connect', true],
    ['vault.internal', true],
    ['vault.localhost.', true],
    ['169.254.169.254', false],
    ['[fe80::1]', false],
    ['0.0.0.0', false],
    ['8.8.8.8', false],
    ['[2606:4700::1]', false],
    ['vault.example', false],
    ['internal.example', false],
    ['notinternal', true],
    ['evil-internal.com', false],
  ])('%s: %s', (host, near) => {
    expect(isNear(host)).toBe(near)
  })
})
