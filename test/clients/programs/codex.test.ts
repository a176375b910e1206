import type { ServerResponse } from 'node:http'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { event, stream } from '../servers/sse.ts'
import { json, upstream } from '../servers/upstream.ts'
import type { Asked, TestUpstream } from '../servers/upstream.ts'
import { aHome } from '../settled.ts'
import { program } from './program.ts'

/** Seconds of work for a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'sk-sentinel-codex-90d2'
const at = clientsOutpost({ CODEX_KEY: KEY })
const home = aHome()

let api: TestUpstream | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('codex'), answer)
  token = await at.grant('codex')
})
afterAll(() => api?.close())

/** https://developers.openai.com/api/reference/resources/responses/streaming-events */
async function answer(asked: Asked, response: ServerResponse): Promise<void> {
  if (asked.headers.authorization !== `Bearer ${KEY}`) {
    return json(response, 401, { error: { message: 'no key', type: 'invalid_request_error' } })
  }
  if (asked.url !== '/v1/responses') return json(response, 404, { error: { message: 'none' } })
  const content = [{ type: 'output_text', text: 'from-the upstream' }]
  const item = { type: 'message', role: 'assistant', id: 'm1', content }
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
  await stream(
    response,
    event('response.created', { response: { id: 'resp_1' } }) +
      event('response.output_item.added', { item: { ...item, content: [] } }) +
      event('response.output_text.delta', { item_id: 'm1', delta: 'from-the ' }),
    event('response.output_text.delta', { item_id: 'm1', delta: 'upstream' }) +
      event('response.output_item.done', { item }) +
      event('response.completed', { response: { id: 'resp_1', usage } }),
  )
}

/** As npm installs it, with what `outpost env --client codex` prints and no other setting. */
function codex(...args: readonly string[]) {
  const where = { url: at.url, provider: 'codex', token }
  const run = ['exec', '--skip-git-repo-check', ...args]
  return home.run({ client: 'codex', where }, program('codex', '@openai/codex'), ...run)
}

it('Codex prints what the upstream said', async () => {
  const ran = await codex('say hi')
  expect(ran).toMatchObject({ code: 0 })
  expect(ran.out).toContain('from-the upstream')
  expect(api?.asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /v1/responses'])
  const [asked] = api?.asked ?? []
  expect(asked?.headers.authorization).toBe(`Bearer ${KEY}`)
  expect(JSON.stringify(asked?.headers)).not.toContain(token)
  expect(asked?.body.toString('latin1')).not.toContain(token)
  expect([ran.out, ran.err].join()).not.toContain(KEY)
  expect(home.filesWith(KEY)).toEqual([])
  await expect.poll(async () => JSON.stringify(await at.audit())).toContain('/v1/responses')
})

it('and says why it may not', async () => {
  const before = api?.asked.length
  const right = token
  token = await at.grant({ provider: 'codex', access: 'read' })
  // It asks again, whatever the status: five times where nothing is said.
  const ran = await codex('-c', 'model_providers.outpost.stream_max_retries=0', 'say hi')
  token = right
  expect(ran.code).not.toBe(0)
  expect(ran.err).toContain('403 Forbidden: the grant does not allow this')
  expect(api?.asked.length).toBe(before)
})
