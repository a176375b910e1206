import { expect, it } from 'vitest'

import { ask, well } from '../control/asking.ts'
import { anAgent } from './agents.ts'

const UNKNOWN = 'it depends on the body, which was not given'
const FORM = 'application/x-www-form-urlencoded'

type Said = Readonly<Record<string, string>>

async function simulated(said: Said) {
  const body = { host: 'writer', provider: 'payments', method: 'POST', ...said }
  return (await well('simulate', { body }))['decision']
}

const refund = (said: Said) => simulated({ path: '/echo/refunds', ...said })

it('says that it depends on a body that was not given', async () => {
  const { decision, steps } = await well('simulate', {
    body: { host: 'writer', provider: 'payments', method: 'POST', path: '/echo/refunds' },
  })
  expect(decision).toMatchObject({ allow: false, code: null, reason: UNKNOWN, needs_body: true })
  expect(steps.at(-1)).toEqual({ step: 'body', ok: false, detail: UNKNOWN })
})

it.each<[string, Said, object]>([
  ['JSON', { body: '{"amount": 5000}' }, { allow: true, rule: 'allow[0]' }],
  [
    'too much',
    { body: '{"amount": 5001}' },
    { code: 'PROXY_GRANT_REQUIRED', rule: 'allow[1].approval' },
  ],
  ['a form', { body: 'amount=5000', content_type: FORM }, { allow: true, rule: 'allow[0]' }],
  ['a form as JSON', { body: 'amount=5000' }, { code: 'PROXY_BAD_REQUEST', rule: 'allow[0]' }],
  [
    'a name twice',
    { body: 'amount=1&amount=2', content_type: FORM },
    { code: 'PROXY_BAD_REQUEST' },
  ],
  ['nothing', { body: '' }, { code: 'PROXY_GRANT_REQUIRED', rule: 'allow[1].approval' }],
  ['more than is read', { body: `{"a": "${'x'.repeat(4096)}"}` }, { code: 'PROXY_BODY_TOO_LARGE' }],
])('decides by %s', async (_, said, expected) => {
  expect(await refund(said)).toMatchObject({ needs_body: false, ...expected })
})

it('decides as a call of a grant is decided', async () => {
  const { id } = await anAgent({}, 'payments')
  const said = { grant: id, host: 'writer' }
  expect(await refund({ ...said, body: '{"amount": 5001}' })).toMatchObject({
    allow: true,
    approval: true,
    rule: 'allow[1]',
  })
  expect(await refund({ ...said, body: '{"amount": 50}' })).toMatchObject({
    allow: true,
    approval: false,
    rule: 'allow[0]',
  })
})

it.each<[Said, object]>([
  [
    { method: 'POST', path: '/echo/free/x' },
    { allow: true, needs_body: false },
  ],
  [
    { method: 'GET', path: '/echo/charges', query: 'limit=1' },
    { allow: true, needs_body: false },
  ],
  [{ method: 'GET', path: '/echo/charges', query: 'limit=101' }, { rule: 'allow[2].query.limit' }],
  [
    { method: 'GET', path: '/echo/charges', query: 'limit=1', body: 'x' },
    { code: 'PROXY_BAD_REQUEST' },
  ],
])('asks for no body where none decides: %j', async (said, expected) => {
  expect(await simulated(said)).toMatchObject(expected)
})

it('refuses a Content-Type that is none', async () => {
  const body = {
    host: 'writer',
    provider: 'payments',
    method: 'POST',
    path: '/',
    content_type: 'a\nb',
  }
  expect((await ask('simulate', { body })).status).toBe(400)
})
