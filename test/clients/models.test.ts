import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import { json, upstream } from './servers/upstream.ts'
import type { Asked, TestUpstream } from './servers/upstream.ts'

const OPENAI_API_KEY = 'sk-sentinel-openai-7f3a91c2'
const ANTHROPIC_API_KEY = 'sk-ant-sentinel-5b20dd17'
const at = clientsOutpost({ OPENAI_API_KEY, ANTHROPIC_API_KEY })

/** How long the end of a stream comes after its beginning: a client has to see the beginning first. */
const PAUSE_MS = 300

const servers: TestUpstream[] = []

beforeAll(async () => {
  servers.push(await upstream(at.port('openai'), likeOpenAi))
  servers.push(await upstream(at.port('anthropic'), likeAnthropic))
})

afterAll(() => {
  for (const server of servers) server.close()
})

/** https://platform.openai.com/docs/api-reference */
async function likeOpenAi(asked: Asked, response: ServerResponse): Promise<void> {
  if (asked.headers.authorization !== `Bearer ${OPENAI_API_KEY}`) {
    return json(response, 401, { error: { message: 'no key', type: 'invalid_request_error' } })
  }
  if (asked.url === '/v1/files') {
    const text = asked.body.toString()
    const bytes = /\r\n\r\n(\{"line":1\}\n)\r\n/.exec(text)?.[1]?.length ?? -1
    return json(response, 200, { id: 'file-1', object: 'file', bytes, purpose: 'batch' })
  }
  const body = JSON.parse(asked.body.toString()) as { readonly stream?: boolean }
  if (asked.url === '/v1/responses') {
    return json(response, 200, {
      id: 'resp_1',
      object: 'response',
      output: [
        { type: 'message', content: [{ type: 'output_text', text: 'done', annotations: [] }] },
      ],
    })
  }
  if (body.stream !== true) {
    const message = { role: 'assistant', content: 'hello' }
    return json(response, 200, { id: 'c', choices: [{ index: 0, message }] })
  }
  const chunk = (content: string) =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }] })}\n\n`
  await stream(response, [chunk('first '), `${chunk('last')}data: [DONE]\n\n`])
}

/** https://docs.anthropic.com/en/api/messages and https://docs.anthropic.com/en/api/messages-streaming */
async function likeAnthropic(asked: Asked, response: ServerResponse): Promise<void> {
  if (asked.headers['x-api-key'] !== ANTHROPIC_API_KEY || asked.headers.authorization) {
    return json(response, 401, { type: 'error', error: { type: 'authentication_error' } })
  }
  const body = JSON.parse(asked.body.toString()) as { readonly stream?: boolean }
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] }
  if (body.stream !== true) {
    return json(response, 200, { ...message, content: [{ type: 'text', text: 'hello' }] })
  }
  const event = (type: string, rest: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
  const text = (part: string) =>
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: part } })
  await stream(response, [
    event('message_start', { message: { ...message, usage: { input_tokens: 1 } } }) +
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
      text('first '),
    text('last') + event('content_block_stop', { index: 0 }) + event('message_stop', {}),
  ])
}

async function stream(response: ServerResponse, [first, last]: [string, string]): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first)
  await delay(PAUSE_MS)
  response.end(last)
}

/** The parts of a stream, and how long before its end the first one was there, ms. */
async function parts<T>(events: AsyncIterable<T>, textOf: (event: T) => string) {
  const texts: string[] = []
  let first = 0
  for await (const event of events) {
    const text = textOf(event)
    if (text !== '' && texts.length === 0) first = performance.now()
    if (text !== '') texts.push(text)
  }
  return { texts, lead: performance.now() - first }
}

describe('openai', () => {
  const client = (apiKey: string) =>
    new OpenAI({ apiKey, baseURL: `${at.url}/p/openai/v1`, maxRetries: 0 })

  it('completes, streams, answers, uploads', async () => {
    const openai = client(await at.grant('openai'))
    const messages = [{ role: 'user' as const, content: 'hi' }]
    const whole = await openai.chat.completions.create({ model: 'm', messages })
    expect(whole.choices[0]?.message.content).toBe('hello')
    const events = await openai.chat.completions.create({ model: 'm', messages, stream: true })
    const said = await parts(events, ({ choices }) => choices[0]?.delta.content ?? '')
    expect(said.texts).toEqual(['first ', 'last'])
    expect(said.lead).toBeGreaterThan(PAUSE_MS / 2)
    const answered = await openai.responses.create({ model: 'm', input: 'hi' })
    expect(answered.output_text).toBe('done')
    const file = new File(['{"line":1}\n'], 'batch.jsonl')
    expect(await openai.files.create({ file, purpose: 'batch' })).toMatchObject({ bytes: 11 })
  })

  it('sees a refusal as an error of the API, with its code', async () => {
    const openai = client(await at.grant({ provider: 'openai', access: 'read' }))
    const refused = openai.chat.completions.create({ model: 'm', messages: [] })
    await expect(refused).rejects.toMatchObject({ status: 403, code: 'PROXY_GRANT_DENIED' })
  })
})

describe('@anthropic-ai/sdk', () => {
  const client = (apiKey: string) =>
    new Anthropic({ apiKey, baseURL: `${at.url}/p/anthropic`, maxRetries: 0 })
  const ask = {
    model: 'm',
    max_tokens: 8,
    messages: [{ role: 'user' as const, content: 'hi' }],
  }

  it('sends messages and streams them', async () => {
    const anthropic = client(await at.grant('anthropic'))
    expect(await anthropic.messages.create(ask)).toMatchObject({ content: [{ text: 'hello' }] })
    const said = await parts(anthropic.messages.stream(ask), (event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta'
        ? event.delta.text
        : '',
    )
    expect(said.texts).toEqual(['first ', 'last'])
    expect(said.lead).toBeGreaterThan(PAUSE_MS / 2)
  })

  it('may show its grant as a bearer token too, as Claude Code does', async () => {
    const authToken = await at.grant('anthropic')
    const options = { apiKey: null, authToken, baseURL: `${at.url}/p/anthropic`, maxRetries: 0 }
    const said = await new Anthropic(options).messages.create(ask)
    expect(said.content).toMatchObject([{ text: 'hello' }])
  })
})

it('every call that went had the real key, and nothing of the agent’s', () => {
  const asked = servers.flatMap((server) => server.asked)
  expect(asked.length).toBeGreaterThan(6)
  for (const { url, headers, body } of asked) {
    expect(JSON.stringify([url, headers])).not.toMatch(/op_[0-9A-Za-z]{43}/)
    expect(body.toString()).not.toMatch(/op_[0-9A-Za-z]{43}/)
  }
})
