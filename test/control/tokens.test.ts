import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { ask, fieldsIn, VIEWER, well } from './asking.ts'

const KEY = 'stored:token/one'
const TOKENS = env['TOKENS'] as KVNamespace
const params = { key: KEY }

describe('a stored token', () => {
  it('is what the next call sends, is never shown, and can be deleted', async () => {
    const value = 'op-rotated-6b1f'
    const put = await ask('putToken', { params, body: { value } })
    expect([put.status, put.text]).toEqual([204, ''])
    expect(await TOKENS.get(KEY)).toBe(value)
    const { status } = await ask('putToken', { params, method: 'GET' })
    expect(status).toBe(405)
    expect((await ask('status')).text).not.toContain(value)
    expect((await ask('audit')).text).not.toContain(value)
    expect((await ask('deleteToken', { params })).status).toBe(204)
    expect(await TOKENS.get(KEY)).toBeNull()
  })

  it('leaves a record of who changed it', async () => {
    await ask('putToken', { params, body: { value: 'x' } })
    const { events } = await well('audit', { query: { provider: 'stored', limit: 1 } })
    expect(events).toMatchObject([
      { kind: 'control', action: 'token.stored', by: 'admin', target: KEY },
    ])
  })

  it.each(['putToken', 'deleteToken'] as const)(
    '%s of a key that no provider has',
    async (name) => {
      for (const key of ['stored:token', 'nothing', '__proto__', 'plain']) {
        const body = name === 'putToken' ? { body: { value: 'x' } } : {}
        const { status, json } = await ask(name, { params: { key }, ...body })
        expect([key, status, json['error'].code]).toEqual([key, 404, 'PROXY_NOT_FOUND'])
        expect(await TOKENS.get(key)).toBeNull()
      }
    },
  )

  it.each([['two\nlines'], [''], ['a b'], ['ü'], ['x'.repeat(8193)]])(
    'is nothing that no header can hold',
    async (value) => {
      expect(Object.keys(fieldsIn(await ask('putToken', { params, body: { value } })))).toEqual([
        'value',
      ])
    },
  )

  it('is not changed by a viewer', async () => {
    for (const name of ['putToken', 'deleteToken'] as const) {
      const body = name === 'putToken' ? { body: { value: 'viewers' } } : {}
      expect((await ask(name, { params, headers: VIEWER, ...body })).status).toBe(403)
    }
    expect(await TOKENS.get(KEY)).not.toBe('viewers')
  })
})
