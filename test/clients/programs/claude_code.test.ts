import type { ServerResponse } from 'node:http'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { event, PAUSE_MS, stream } from '../servers/sse.ts'
import { json, upstream } from '../servers/upstream.ts'
import type { Asked, TestUpstream } from '../servers/upstream.ts'
import { aHome } from '../settled.ts'
import { program } from './program.ts'

/** Seconds of work for a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'sk-ant-sentinel-claude-code-41c7'
const at = clientsOutpost({ CLAUDE_CODE_KEY: KEY })
const home = aHome()

let api: TestUpstream | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('claude-code'), answer)
  token = await at.grant('claude_code')
})
afterAll(() => api?.close())

/** https://platform.claude.com/docs/en/build-with-claude/streaming */
async function answer(asked: Asked, response: ServerResponse): Promise<void> {
  if (asked.headers['x-api-key'] !== KEY || asked.headers.authorization !== undefined) {
    return json(response, 401, { type: 'error', error: { type: 'authentication_error' } })
  }
  if (asked.method !== 'POST') return json(response, 200, {})
  const { model } = JSON.parse(asked.body.toString()) as { readonly model: string }
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  }
  const text = (part: string) =>
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: part } })
  await stream(
    response,
    event('message_start', { message }) +
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
      text('from-the '),
    text('upstream') +
      event('content_block_stop', { index: 0 }) +
      event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }) +
      event('message_stop', {}),
  )
}

/** https://code.claude.com/docs/en/settings: what has nothing to do with the model. */
const QUIET = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' }

/** As npm installs it, with what `outpost env --client claude-code` prints and no other setting. */
function claude(...args: readonly string[]) {
  const where = { url: at.url, provider: 'claude_code', token }
  const settings = { client: 'claude-code', where, env: QUIET }
  return home.run(settings, program('claude', '@anthropic-ai/claude-code'), ...args)
}

it('Claude Code prints what the upstream said, while it says it', async () => {
  const partial = ['--output-format', 'stream-json', '--include-partial-messages', '--verbose']
  const ran = await claude('-p', 'say hi', ...partial)
  expect(ran).toMatchObject({ code: 0 })
  expect(ran.out).toContain('from-the upstream')
  expect(ran.lead('from-the ')).toBeGreaterThan(PAUSE_MS * 0.75)
  const asked = api?.asked.filter(({ method }) => method === 'POST') ?? []
  expect(asked.map(({ url }) => url)).toEqual(['/v1/messages?beta=true'])
  expect(asked[0]?.headers['x-api-key']).toBe(KEY)
  expect(JSON.stringify(api?.asked.map((each) => [each.url, each.headers]))).not.toContain(token)
  expect(asked[0]?.body.toString()).not.toContain(token)
  expect([ran.out, ran.err].join()).not.toContain(KEY)
  expect(home.filesWith(KEY)).toEqual([])
  await expect.poll(async () => JSON.stringify(await at.audit())).toContain('/v1/messages')
})

it('and says why it may not', async () => {
  const before = api?.asked.length
  const right = token
  token = await at.grant({ provider: 'claude_code', access: 'read' })
  const ran = await claude('-p', 'say hi')
  token = right
  expect(ran.code).not.toBe(0)
  expect(ran.out + ran.err).toContain('403')
  expect(api?.asked.slice(before).filter(({ method }) => method === 'POST')).toEqual([])
})
