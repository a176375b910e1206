import { describe, expect, it } from 'vitest'

import { proxy } from '../../src/proxy.ts'
import { aProvider } from '../builders.ts'
import { asked } from '../recording.ts'
import { aWorld, codeOf, hour, no, once } from './attack_world.ts'

const JSON_BODY = { 'content-type': 'application/json' }

describe('what is approved', () => {
  it.each([
    ['content-type', 'text/plain', 'application/json'],
    ['stripe-account', 'acct_harmless', 'acct_victim'],
    ['x-amz-target', 'DynamoDB.GetItem', 'DynamoDB.DeleteTable'],
    ['x-amz-invocation-type', 'DryRun', 'RequestResponse'],
    ['x-amz-object-lock-retain-until-date', '2026-12-01', '2099-01-01'],
    ['x-test-mode', 'true', 'false'],
    ['destination', '/tmp/x', '/prod/x'],
  ])('with one %s does not go with another', async (name, shown, meant) => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'sensitive' })
    const send = (value: string) => w.post('/a', token, '{}', { ...JSON_BODY, [name]: value })
    await send(shown)
    await w.decide(once)
    expect([await send(meant), w.sent]).toEqual(['PROXY_APPROVAL_REQUIRED', []])
    expect(await send(shown)).toBeNull()
    expect(w.sent[0]?.headers.get(name)).toBe(shown)
  })

  it('has no header whose bytes cannot be told apart: that is 400 before anybody is asked', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    const answered = await w.post('/a', token, '{}', { 'x-target': 'a\ufffd' })
    expect([answered, await w.pending(), w.sent]).toEqual(['PROXY_BAD_REQUEST', [], []])
    // One that no approval is bound to may hold anything.
    const free = await w.post('/a', token, '{}', { 'user-agent': 'a\ufffd' })
    expect(free).toBe('PROXY_APPROVAL_REQUIRED')
  })

  it.each([
    ['another query', '/a?b=2', {}],
    ['the same query, spelt otherwise', '/a?b=1&', {}],
    ['another spelling of the path', '/a/?b=1', {}],
    ['another body', '/a?b=1', { body: 'xx' }],
    ['another method', '/a?b=1', { method: 'PUT' }],
    ['another agent', '/a?b=1', { other: true }],
  ])('does not go with %s', async (_title, path, over) => {
    const { body = 'x', method = 'POST', other = false } = over as Record<string, never>
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    const stranger = await w.grant({ approval: 'all', agent: 'other' })
    await w.post('/a?b=1', token)
    await w.decide(once)
    const response = await w.call(path, { method, body }, other ? stranger.token : token)
    expect([await codeOf(response), w.sent]).toEqual(['PROXY_APPROVAL_REQUIRED', []])
    expect(await w.post('/a?b=1', token)).toBeNull()
  })

  it('once goes once, of twenty copies at the same time', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    await w.post('/a', token)
    await w.decide(once)
    await Promise.all(Array.from({ length: 20 }, () => w.post('/a', token)))
    expect(w.sent).toHaveLength(1)
  })

  it.each<[string, (token: string) => Record<string, string>]>([
    ['a header of credentials', (token) => ({ 'private-token': token })],
    ['the slot of another provider', (token) => ({ 'x-globex-id': token })],
  ])('is the same call when the token of its agent stands in %s', async (_title, shows) => {
    const auth = { secret: { env: 'X' }, prefix: '', invalidate_on: [] }
    const globex = { ...auth, type: 'api_key_header', header: 'X-Globex-Id' } as const
    const w = aWorld({ providers: [aProvider(), aProvider({ name: 'globex', auth: globex })] })
    const { token } = await w.grant({ approval: 'all' })
    const bare = (headers: Record<string, string>) => w.post('/a', '', 'x', headers)
    await bare({ authorization: `Bearer ${token}` })
    await w.decide(once)
    expect(await bare(shows(token))).toBeNull()
    expect(JSON.stringify([...(w.sent[0]?.headers ?? [])])).not.toContain(token)
  })
})

describe('an hour', () => {
  it('for one literal path is not an hour for another that is redacted alike', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'sensitive' })
    const of = (letter: string) => `/customers/sk-${letter.repeat(20)}`
    await w.post(of('a'), token)
    await w.decide(hour)
    expect(await w.post(of('b'), token)).toBe('PROXY_APPROVAL_REQUIRED')
    expect(await w.post(of('a'), token, 'another body')).toBeNull()
  })

  it('for a path that is spelt like a pattern covers that path alone', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    await w.post('/a/**', token)
    await w.decide(hour)
    expect(await w.post('/a/b', token)).toBe('PROXY_APPROVAL_REQUIRED')
  })

  it('ends with its grant: another one of the same agent does not inherit it', async () => {
    const w = aWorld()
    const old = await w.grant({ approval: 'all' })
    await w.post('/a', old.token)
    await w.decide(hour)
    await w.tenant.changeGrant(old.id, { is: 'revoke' }, 'admin')
    const next = await w.grant({ approval: 'all' })
    expect(await w.post('/a', next.token, 'evil')).toBe('PROXY_APPROVAL_REQUIRED')
  })

  it('can be taken back, and so can what was approved with it', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    await w.post('/a', token, 'one')
    await w.post('/a', token, 'two')
    const id = await w.decide(hour)
    expect(await w.post('/a', token, 'three')).toBeNull()
    await w.tenant.decide(id, no, 'admin')
    expect(await w.post('/a', token, 'four')).toBe('PROXY_APPROVAL_REQUIRED')
    expect(w.sent).toHaveLength(1)
    const { records } = await w.tenant.export(0, 100)
    const denied = records.flatMap((each) =>
      each.kind === 'control' && each.control.action === 'approval.denied' ? each.control : [],
    )
    expect(denied).toMatchObject([{ target: id }, { details: { because: id } }])
  })
})

describe('what a person is shown', () => {
  const shown = async (path: string, headers = {}, body = 'x') => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    await w.post(path, token, body, headers)
    const { ask } = await w.waiting()
    return { ask, text: JSON.stringify(w.told) }
  }

  it('has the names of headers that decide, also beside a body of the longest summary', async () => {
    const fields = Array.from({ length: 20 }, (_, n) => [`f${n}${'n'.repeat(70)}`, 'v'])
    const body = JSON.stringify(Object.fromEntries(fields))
    const { ask, text } = await shown('/a', { ...JSON_BODY, 'stripe-account': 'acct_x' }, body)
    expect(ask.summary).toMatch(/ characters\); headers: stripe-account$/)
    expect(text).toContain('headers: stripe-account')
    expect(text).not.toContain('acct_x')
  })

  it.each<[string, string, RegExp]>([
    ['a long path', `/items/1,${'2'.repeat(1100)},999`, /^\/items\/1,2+… \(1113 characters\)$/],
    ['a path that fits', `/${'2'.repeat(1023)}`, /^\/2{1023}$/],
  ])('of %s says whether it is all', async (_title, path, expected) => {
    expect((await shown(path)).ask.shown_path).toMatch(expected)
  })

  it.each([
    [32, false],
    [33, true],
  ])('of %i names in the query says whether they are all: %s', async (count, more) => {
    const query = Array.from({ length: count }, (_, n) => `k${n}=v`).join('&')
    const { query_keys } = (await shown(`/a?${query}`)).ask
    expect([query_keys.length, query_keys.at(-1) === '…']).toEqual([more ? 33 : 32, more])
  })

  it('has what is asked, also where the caller shows a word of it as a key', async () => {
    const words = { authorization: 'Bearer production', 'x-api-key': 'production' }
    const { ask } = await shown('/deploys/production?production=1', words, '{"to":"production"}')
    expect([ask.shown_path, ask.query_keys]).toEqual(['/deploys/production', ['production']])
  })

  it('says of a long name in the query, and of many headers, that they are cut', async () => {
    const headers = Array.from({ length: 30 }, (_, n) => [`x-${n}-${'h'.repeat(20)}`, '1'])
    const { ask } = await shown(`/a?${'k'.repeat(100)}=1`, Object.fromEntries(headers))
    expect(ask.query_keys).toEqual([`${'k'.repeat(64)}… (100 characters)`])
    expect(ask.summary).toMatch(
      /h… \(\d+ characters\)$|-… \(\d+ characters\)$|\d… \(\d+ characters\)$/,
    )
  })
})

describe('a GET with a body', () => {
  it('is 400 under approval before anybody is asked: it could not be sent as it was shown', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    const headers = { 'x-outpost-auth': token, 'content-length': '2' }
    // The constructor refuses a body with GET; the runtime makes such requests all the same.
    const made = asked('/_search', { method: 'POST', headers, body: '{}' })
    const get = new Proxy(made, {
      get: (of, name) => {
        if (name === 'method') return 'GET'
        const value: unknown = Reflect.get(of, name, of)
        return typeof value === 'function' ? value.bind(of) : value
      },
    })
    expect(await codeOf(await proxy(get, w.deps))).toBe('PROXY_BAD_REQUEST')
    expect([await w.pending(), w.told, w.sent, w.reads]).toEqual([[], [], [], []])
  })
})
