import { describe, expect, it } from 'vitest'

import { anAgent, approvalIn, approve, outcome } from './agents.ts'
import type { Agent } from './agents.ts'
import { call, expectRefusal, only } from './call.ts'
import type { Asking } from './call.ts'

const FORM = 'application/x-www-form-urlencoded'

function post(path: string, body: string | null, type = FORM, asking: Asking = {}) {
  const headers = { 'content-type': type, ...(asking.headers as Record<string, string>) }
  return call(path, { provider: 'payments', method: 'POST', body, ...asking, headers })
}

const byGrant = (agent: Agent): Asking => ({ headers: agent.shows })
const messageOf = ({ text }: { text: string }): unknown =>
  (JSON.parse(text) as { error: { message: unknown } }).error.message

describe('refunds up to 50.00', () => {
  it.each([
    [FORM, 'charge=ch_1&amount=5000&note=a%20b+c'],
    [`${FORM}; charset=utf-8`, 'amount=1'],
    ['application/json', '{"charge":"ch_1",\n "amount": 5000.0}'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="amount"\r\n\r\n12\r\n--x--\r\n',
    ],
  ])('go without a person, byte for byte: %s %s', async (type, body) => {
    const answer = await post('/echo/refunds', body, type)
    expect(answer.status).toBe(200)
    expect(only(answer)).toMatchObject({ text: body, complete: true })
  })

  it('need a grant above that, and without an amount', async () => {
    for (const body of ['amount=5001', 'amount=0', 'charge=ch_1', '', 'amount=5e1', 'amount=+5']) {
      const answer = await post('/echo/refunds', body)
      expectRefusal(answer, 403, 'PROXY_GRANT_REQUIRED')
      expect(answer.seen).toEqual([])
    }
  })

  it('wait for a person then, for these very bytes', async () => {
    const agent = await anAgent({}, 'payments')
    expect((await post('/echo/refunds', 'amount=5000', FORM, byGrant(agent))).status).toBe(200)
    const first = await post('/echo/refunds', 'amount=9000', FORM, byGrant(agent))
    expect(first.seen).toEqual([])
    const id = approvalIn(first)
    await approve(id)
    expect(outcome(await post('/echo/refunds', 'amount=9001', FORM, byGrant(agent)))).toBe(
      'PROXY_APPROVAL_REQUIRED',
    )
    const again = await post('/echo/refunds', 'amount=9000', FORM, byGrant(agent))
    expect(only(again).text).toBe('amount=9000')
    expect(outcome(await post('/echo/refunds', 'amount=9000', FORM, byGrant(agent)))).toBe(
      'PROXY_APPROVAL_REQUIRED',
    )
  })

  it('wait anew where a rule may hold that did not when a person said yes for an hour', async () => {
    const agent = await anAgent({}, 'payments')
    const payout = (amount: unknown, path = '/echo/payouts') =>
      post(path, JSON.stringify({ amount }), 'application/json', byGrant(agent))
    await approve(approvalIn(await payout(5)), '1h')
    expect((await payout(6)).status).toBe(200)
    for (const amount of [9000, '9000', [9000], null]) {
      expect(outcome(await payout(amount))).toBe('PROXY_APPROVAL_REQUIRED')
    }
  })

  it('are nothing for a grant that may only read', async () => {
    const agent = await anAgent({ providers: [{ provider: 'payments', access: 'read' }] })
    expect(outcome(await post('/echo/refunds', 'amount=9000', FORM, byGrant(agent)))).toBe(
      'PROXY_GRANT_DENIED',
    )
  })

  it.each([
    ['amount=1&amount=9000', FORM],
    ['amount=1&Amount=9000', FORM],
    ['amount[]=9000&amount=1', FORM],
    ['amount=1;amount=9000', FORM],
    ['%61mount=1&amount=9000', FORM],
    ['{"amount":1}', FORM],
    ['{"amount":1,"am\\u006funt":9000}', 'application/json'],
    ['\uFEFF{"amount":1}', 'application/json'],
    ['{"amount":1}{"amount":9000}', 'application/json'],
    ['{"amount":1}', 'application/json, text/plain'],
    ['{"amount":1}', 'application/json; charset=utf-16'],
    ['{"amount":1}', 'text/plain'],
    [
      '--y\r\nContent-Disposition: form-data; name="amount"\r\n\r\n12\r\n--y--\r\n',
      'multipart/form-data; boundary=x',
    ],
  ])('that can be read in two ways are refused: %s as %s', async (body, type) => {
    const answer = await post('/echo/refunds', body, type)
    expectRefusal(answer, 400, 'PROXY_BAD_REQUEST')
    expect(answer.seen).toEqual([])
  })

  it('that are compressed, or without a type, are refused', async () => {
    const headers = { 'content-encoding': 'gzip' }
    expectRefusal(
      await post('/echo/refunds', 'amount=1', FORM, { headers }),
      400,
      'PROXY_BAD_REQUEST',
    )
    const body = new TextEncoder().encode('amount=1')
    const untyped = await call('/echo/refunds', { provider: 'payments', method: 'POST', body })
    expectRefusal(untyped, 400, 'PROXY_BAD_REQUEST')
  })

  it('that say an amount in the query are refused', async () => {
    expectRefusal(await post('/echo/refunds?amount=9000', 'amount=1'), 400, 'PROXY_BAD_REQUEST')
  })

  it('that are longer than is read are refused, whatever they say', async () => {
    const body = `amount=1&note=${'x'.repeat(4096)}`
    expectRefusal(await post('/echo/refunds', body), 413, 'PROXY_BODY_TOO_LARGE')
  })
})

describe('what a rule requires', () => {
  const valid = { amount: 1, currency: 'eur', customer: { id: 'cus_1' } }
  const transfer = (over: object) =>
    post('/echo/transfers', JSON.stringify({ ...valid, ...over }), 'application/json')

  it('is met', async () => {
    for (const over of [{}, { note: 'a b' }, { items: [{ price: 10 }, { price: 1 }] }]) {
      expect((await transfer(over)).status).toBe(200)
    }
  })

  it.each([
    [{ amount: 5001 }, 'body.amount has to be at most 5000'],
    [{ amount: '1' }, 'body.amount has to be at most 5000'],
    [{ amount: undefined }, 'body.amount has to be at most 5000'],
    [{ currency: 'gbp' }, 'body.currency has to be "eur" or "usd"'],
    [{ note: 'A' }, 'body.note has to be a text that matches ^[a-z ]{1,40}$, if it is there'],
    [{ customer: {} }, 'body.customer.id must be there'],
    [{ customer: 'cus_1' }, 'body.customer.id must be there'],
    [
      { items: [{ price: 1 }, { price: 11 }] },
      'body.items[].price has to be at most 10, if it is there',
    ],
  ])('is not met by %j', async (over, message) => {
    const answer = await transfer(over)
    expectRefusal(answer, 403, 'PROXY_PATH_DENIED')
    expect(messageOf(answer)).toBe(message)
    expect(answer.seen).toEqual([])
  })

  it.each([
    ['?limit=100', 200],
    ['?limit=100&created[gte]=1000', 200],
    ['?limit=101', 403],
    ['', 403],
    ['?limit=1&filter=x', 403],
    ['?limit=1&created%5Bgte%5D=999', 403],
    ['?limit=1&limit=1', 400],
    ['?limit=1&%4Cimit=999', 400],
    ['?limit=1&x;limit=999', 400],
  ])('of a query: %s %d', async (query, status) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await call(`/echo/charges${query}`, { provider: 'payments', method })
      expect([method, answer.status]).toEqual([method, status])
    }
  })

  it('holds for an answer that is stored', async () => {
    const get = (query: string) => call(`/echo/charges${query}`, { provider: 'payments' })
    expect((await get('?limit=7')).headers.get('x-proxy-cache')).toBe('MISS')
    expect((await get('?limit=7')).headers.get('x-proxy-cache')).toBe('HIT')
    expect((await get('?limit=700')).status).toBe(403)
  })
})

it('a rule denies by what a call says', async () => {
  const job = (body: object) => post('/echo/jobs', JSON.stringify(body), 'application/json')
  expect((await job({ kind: 'list' })).status).toBe(200)
  for (const kind of ['purge', 'PURGE', ['purge'], null]) {
    expectRefusal(await job({ kind }), 403, 'PROXY_PATH_DENIED')
  }
})

it('reads no body that no rule asks for', async () => {
  const body = 'x'.repeat(4000)
  expect(only(await post('/echo/free/a', body, 'application/json')).text).toBe(body)
})
