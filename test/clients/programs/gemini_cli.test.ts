import type { ServerResponse } from 'node:http'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { PAUSE_MS, stream } from '../servers/sse.ts'
import { json, upstream } from '../servers/upstream.ts'
import type { Asked, TestUpstream } from '../servers/upstream.ts'
import { aHome } from '../settled.ts'
import { program } from './program.ts'

/** Seconds of work for a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'AIza-sentinel-gemini-7b21'
const at = clientsOutpost({ GEMINI_KEY: KEY })
const home = aHome()

let api: TestUpstream | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('gemini'), answer)
  token = await at.grant('gemini')
})
afterAll(() => api?.close())

/** https://ai.google.dev/api/generate-content */
async function answer(asked: Asked, response: ServerResponse): Promise<void> {
  if (asked.headers['x-goog-api-key'] !== KEY) return json(response, 401, { error: { code: 401 } })
  const said = (text: string, finishReason?: string) => ({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, finishReason }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  })
  if (!asked.url.includes(':streamGenerateContent')) {
    // Which model is asked: https://geminicli.com/docs/cli/model-routing/
    const choice = '{"complexity_reasoning":"short","complexity_score":1}'
    return json(response, 200, said(choice, 'STOP'))
  }
  const data = (body: object) => `data: ${JSON.stringify(body)}\n\n`
  await stream(response, data(said('from-the ')), data(said('upstream', 'STOP')))
}

it('Gemini CLI prints what the upstream said, while it says it', async () => {
  const where = { url: at.url, provider: 'gemini', token }
  // https://geminicli.com/docs/cli/trusted-folders/
  const settings = { client: 'gemini-cli', where, env: { GEMINI_CLI_TRUST_WORKSPACE: 'true' } }
  const ran = await home.run(settings, program('gemini', '@google/gemini-cli'), '-p', 'say hi')
  expect(ran).toMatchObject({ code: 0 })
  expect(ran.out).toContain('from-the upstream')
  expect(ran.lead('from-the ')).toBeGreaterThan(PAUSE_MS * 0.75)
  const asked = api?.asked ?? []
  expect(asked.at(-1)?.url).toMatch(/^\/v1beta\/models\/[\w.-]+:streamGenerateContent\?alt=sse$/)
  expect(new Set(asked.map(({ headers }) => headers['x-goog-api-key']))).toEqual(new Set([KEY]))
  expect(JSON.stringify(asked.map((each) => [each.url, each.headers]))).not.toContain(token)
  expect([ran.out, ran.err].join()).not.toContain(KEY)
  expect(home.filesWith(KEY)).toEqual([])
})
