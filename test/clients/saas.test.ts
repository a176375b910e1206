import type { ServerResponse } from 'node:http'

import { WebClient } from '@slack/web-api'
import { Stripe } from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import type { Granted } from './outpost.ts'
import { json, upstream } from './servers/upstream.ts'
import type { Asked, TestUpstream } from './servers/upstream.ts'

const STRIPE_SECRET_KEY = 'sk_test_sentinel4f0a77c1'
const SLACK_BOT_TOKEN = 'xoxb-sentinel-91b2c3d4'
const at = clientsOutpost({ STRIPE_SECRET_KEY, SLACK_BOT_TOKEN })

let stripeApi: TestUpstream | undefined
let slackApi: TestUpstream | undefined

beforeAll(async () => {
  stripeApi = await upstream(at.port('stripe'), likeStripe)
  slackApi = await upstream(at.port('slack'), likeSlack)
})

afterAll(() => {
  stripeApi?.close()
  slackApi?.close()
})

/** https://docs.stripe.com/api: forms in, JSON out. */
function likeStripe({ headers, body, method, url }: Asked, response: ServerResponse): void {
  if (headers.authorization !== `Bearer ${STRIPE_SECRET_KEY}`) {
    json(response, 401, { error: { type: 'invalid_request_error', message: 'no key' } })
    return
  }
  const fields = Object.fromEntries(new URLSearchParams(body.toString()))
  const object = /^\/v1\/(\w+?)s(?:[/?]|$)/.exec(url)?.[1]
  if (method === 'GET') json(response, 200, { object: 'list', data: [{ id: 'cu_1', object }] })
  else json(response, 200, { id: 're_1', object, ...fields })
}

/** https://docs.slack.dev/apis/web-api/: always 200, and `ok`. */
function likeSlack({ headers, url, body }: Asked, response: ServerResponse): void {
  const ok = headers.authorization === `Bearer ${SLACK_BOT_TOKEN}`
  const known = ok
    ? { ok, url, channel: new URLSearchParams(body.toString()).get('channel') }
    : null
  json(response, 200, known ?? { ok, error: 'invalid_auth' })
}

async function stripe(...of: readonly Granted[]): Promise<Stripe> {
  const token = await at.grant(...of)
  const { port } = new URL(at.url)
  // This client takes a host and no path: it names the provider by header.
  const httpClient = Stripe.createFetchHttpClient(withProvider('stripe'))
  const options = { host: '127.0.0.1', port, protocol: 'http' as const, httpClient }
  return new Stripe(token, { ...options, maxNetworkRetries: 0 })
}

function withProvider(name: string): typeof fetch {
  return (input, init) => {
    const request = new Request(input, init)
    request.headers.set('x-provider', name)
    return fetch(request)
  }
}

describe('stripe', () => {
  it('lists, and refunds up to 50 without approval', async () => {
    const client = await stripe('stripe')
    expect((await client.customers.list({ limit: 3 })).data).toMatchObject([{ id: 'cu_1' }])
    const refund = await client.refunds.create({ charge: 'ch_1', amount: 5000 })
    expect(refund).toMatchObject({ id: 're_1', amount: '5000' })
  })

  it.each([
    ['more than 50', { charge: 'ch_1', amount: 5001 }],
    ['all of it, by saying nothing', { charge: 'ch_1' }],
  ])('a refund of %s waits for a person', async (_case, refund) => {
    const client = await stripe('stripe')
    const before = stripeApi?.asked.length
    await expect(client.refunds.create(refund)).rejects.toMatchObject({
      statusCode: 403,
      code: 'PROXY_APPROVAL_REQUIRED',
    })
    expect(stripeApi?.asked.length).toBe(before)
  })

  it('a field has to be what the rule says', async () => {
    const client = await stripe('stripe')
    const free = await client.customers.create({ metadata: { tier: 'free' } })
    expect(free).toMatchObject({ id: 're_1' })
    const gold = client.customers.create({ metadata: { tier: 'gold' } })
    await expect(gold).rejects.toMatchObject({ statusCode: 403, code: 'PROXY_PATH_DENIED' })
    await expect(client.charges.create({ amount: 1, currency: 'eur' })).rejects.toMatchObject({
      statusCode: 404,
      code: 'PROXY_NO_ROUTE',
    })
  })
})

function say(client: WebClient, message: { readonly channel: string; readonly text: string }) {
  return client.apiCall('chat.postMessage', message)
}

describe('@slack/web-api', () => {
  const slackApiUrl = () => `${at.url}/p/slack/`

  it('tests its token, and posts where it may', async () => {
    const client = new WebClient(await at.grant('slack'), { slackApiUrl: slackApiUrl() })
    expect(await client.auth.test()).toMatchObject({ ok: true, url: '/api/auth.test' })
    const posted = await say(client, { channel: 'C0AGENTS', text: 'done' })
    expect(posted).toMatchObject({ ok: true, channel: 'C0AGENTS' })
  })

  it('is refused elsewhere', async () => {
    const retryConfig = { retries: 0 }
    const options = { slackApiUrl: slackApiUrl(), retryConfig }
    const client = new WebClient(await at.grant('slack'), options)
    const before = slackApi?.asked.length
    const refused = say(client, { channel: 'C0GENERAL', text: 'done' })
    await expect(refused).rejects.toThrow(/403/)
    expect(slackApi?.asked.length).toBe(before)
  })
})

it('no call that went had anything of the agent’s', () => {
  const asked = [...(stripeApi?.asked ?? []), ...(slackApi?.asked ?? [])]
  expect(asked.length).toBeGreaterThan(4)
  for (const { url, headers, body } of asked) {
    expect(JSON.stringify([url, headers, body.toString()])).not.toContain('op_')
  }
})
