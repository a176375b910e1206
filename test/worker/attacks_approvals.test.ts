import { describe, expect, it } from 'vitest'

import { proxy } from '../../src/proxy.ts'
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

  it('is the same call wherever the token of its agent stands', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    const bare = (headers: Record<string, string>) => w.post('/a', '', 'x', headers)
    await bare({ authorization: `Bearer ${token}` })
    await w.decide(once)
    expect(await bare({ 'private-token': token })).toBeNull()
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
