import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import { Api, InputFile } from 'grammy'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

/** Of the form that BotFather gives: https://core.telegram.org/bots/api#authorizing-your-bot */
const TELEGRAM_TOKEN = '110201543:sentinel-AHdqTcvCH1vGWJxfSeofSAs0K5P'
const at = clientsOutpost({ TELEGRAM_TOKEN })

interface Seen {
  readonly method: string
  readonly url: string
  readonly body: string
}

const seen: Seen[] = []
let server: Server | undefined

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((done) => {
    server?.listen(at.port('telegram'), '127.0.0.1', done)
  })
})

afterAll(() => {
  server?.close()
})

/** The shape of answers: https://core.telegram.org/bots/api#making-requests */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request
  const body = await text(request)
  seen.push({ method, url, body })
  const [, file = '', token, rest = ''] = /^(\/file)?\/bot([^/]*)\/([^?]*)/.exec(url) ?? []
  if (token !== TELEGRAM_TOKEN) {
    response.writeHead(401).end('{"ok":false,"error_code":401,"description":"Unauthorized"}')
  } else if (file !== '') {
    response.end(`the bytes of ${rest}`)
  } else if (rest === 'getMoved') {
    response.writeHead(302, { location: `${url}/elsewhere?at=1` }).end()
  } else {
    response.end(JSON.stringify({ ok: true, result: RESULTS[rest]?.(url) }))
  }
}

const RESULTS: Readonly<Record<string, (url: string) => unknown>> = {
  getMe: () => ({ id: 1, is_bot: true, first_name: 'Test', username: 'test_bot' }),
  sendMessage: () => ({ message_id: 7, date: 1, chat: { id: 42 }, text: 'hello' }),
  sendDocument: () => ({ message_id: 8, date: 1, chat: { id: 42 }, document: { file_id: 'F1' } }),
  getFile: () => ({ file_id: 'F1', file_unique_id: 'U1', file_path: 'documents/file_1.txt' }),
  getEcho: (url) => ({ webhook: `https://example.test${url}` }),
}

const root = () => `${at.url}/p/telegram`

it('a bot with the grant for its token works: calls, an upload, a download', async () => {
  seen.length = 0
  const token = await at.grant('telegram')
  const api = new Api(token, { apiRoot: root() })
  expect(await api.getMe()).toMatchObject({ username: 'test_bot' })
  expect(await api.sendMessage(42, 'hello')).toMatchObject({ message_id: 7 })
  const upload = new InputFile(Buffer.from('a report'), 'report.txt')
  expect(await api.sendDocument(42, upload)).toMatchObject({ message_id: 8 })
  const { file_path = '' } = await api.getFile('F1')
  const downloaded = await fetch(`${root()}/file/bot${token}/${file_path}`)
  expect(await downloaded.text()).toBe('the bytes of documents/file_1.txt')

  expect(seen.map(({ url }) => url)).toEqual([
    `/bot${TELEGRAM_TOKEN}/getMe`,
    `/bot${TELEGRAM_TOKEN}/sendMessage`,
    `/bot${TELEGRAM_TOKEN}/sendDocument`,
    `/bot${TELEGRAM_TOKEN}/getFile`,
    `/file/bot${TELEGRAM_TOKEN}/documents/file_1.txt`,
  ])
  expect(seen[2]?.body).toContain('a report')
  expect(JSON.stringify(seen)).not.toContain(token)
  const recorded = async () => JSON.stringify(await at.audit())
  await expect.poll(recorded).toContain('"path":"/file/bot{token}/documents/file_1.txt"')
  expect(await recorded()).toContain('"path":"/bot{token}/sendDocument"')
  expect(await recorded()).not.toContain(token.slice(4))
  expect(at.printed()).not.toContain(token.slice(4))
})

it.each<[string, (token: string) => string]>([
  ['as some libraries want it, with a number in front', (token) => `/bot12345:${token}/getMe`],
  ['with an encoded colon', (token) => `/bot12345%3A${token}/getMe`],
  ['percent-encoded', (token) => `/bot%6f${token.slice(1)}/getMe`],
])('the token is found %s', async (_title, path) => {
  const answered = await fetch(root() + path(await at.grant('telegram')))
  expect(await answered.json()).toMatchObject({ ok: true })
})

it('the place may be empty, or hold anything, beside X-Outpost-Auth', async () => {
  const headers = { 'x-outpost-auth': await at.grant('telegram') }
  for (const place of ['', 'anything', '%7Btoken%7D', '110201543:of-another-bot']) {
    seen.length = 0
    const answered = await fetch(`${root()}/bot${place}/getMe`, { headers })
    expect(answered.status).toBe(200)
    expect(seen.map(({ url }) => url)).toEqual([`/bot${TELEGRAM_TOKEN}/getMe`])
  }
})

it('a grant that is for this provider alone names it', async () => {
  const token = await at.grant('telegram')
  const answered = await fetch(`${at.url}/bot${token}/getMe`)
  expect(await answered.json()).toMatchObject({ ok: true })
})

it.each<[string, number, string, (token: string) => string]>([
  ['a path without the place', 404, 'PROXY_NO_ROUTE', () => '/getMe'],
  ['other letters', 404, 'PROXY_NO_ROUTE', () => '/BOT/getMe'],
  ['an encoded letter', 404, 'PROXY_NO_ROUTE', () => '/%62ot/getMe'],
  ['two slashes in front', 404, 'PROXY_NO_ROUTE', () => '//bot/getMe'],
  ['two slashes behind', 404, 'PROXY_NO_ROUTE', () => '/bot//getMe'],
  ['an encoded slash in the place', 400, 'PROXY_BAD_PATH', () => '/botx%2FgetMe/sendMessage'],
  ['dots in the place', 404, 'PROXY_NO_ROUTE', () => '/bot%2e%2e/x'],
  ['a denied method', 403, 'PROXY_PATH_DENIED', () => '/bot/logOut'],
  ['a denied method, spelt otherwise', 403, 'PROXY_PATH_DENIED', () => '/bot/LOGOUT'],
  ['one that is denied by a wildcard', 403, 'PROXY_PATH_DENIED', () => '/bot/sendPoll'],
  ['the token once more', 400, 'PROXY_BAD_REQUEST', (token) => `/bot${token}/getMe/${token}`],
  ['the token elsewhere', 400, 'PROXY_BAD_REQUEST', (token) => `/x/${token}`],
])('%s is refused, and nothing is sent', async (_title, status, code, path) => {
  seen.length = 0
  const token = await at.grant('telegram', 'echo')
  const answered = await fetch(root() + path(token), { headers: { 'x-outpost-auth': token } })
  expect([answered.status, answered.headers.get('x-proxy-error')]).toEqual([status, code])
  expect(await answered.text()).not.toContain(token)
  expect(seen).toEqual([])
})

it('a grant token in the path of another provider lets in, and does not go there', async () => {
  const token = await at.grant('telegram', 'echo')
  const answered = await fetch(`${at.url}/p/echo/bot${token}/getMe`)
  expect(answered.headers.get('x-proxy-error')).toBe('PROXY_BAD_REQUEST')
})

it.each(['op_' + 'x'.repeat(43), '%6fp_' + 'x'.repeat(43), 'nobody'])(
  'a stranger with %s is refused, and what he showed is not recorded',
  async (shown) => {
    seen.length = 0
    const answered = await fetch(`${root()}/bot${shown}/getMe`)
    expect([401, 403]).toContain(answered.status)
    expect(seen).toEqual([])
    await expect.poll(() => at.printed()).toContain('/bot{token}/getMe')
    expect(at.printed()).not.toContain(shown)
  },
)

it('what the upstream repeats of its URL is without the token', async () => {
  const token = await at.grant('telegram')
  const moved = await fetch(`${root()}/bot${token}/getMoved`, { redirect: 'manual' })
  const location = moved.headers.get('location') ?? ''
  expect(location).toMatch(/^\/p\/telegram\/bot[^/]+\/getMoved\/elsewhere\?at=1$/)
  const echoed = await (await fetch(`${root()}/bot${token}/getEcho`)).text()
  expect(echoed).toContain('[redacted]')
  for (const said of [location, echoed]) {
    expect(said).not.toContain('sentinel')
    expect(said).not.toContain(token)
  }
})

it('callers of one tenant share an answer, whatever token each has in the path', async () => {
  seen.length = 0
  const path = (token: string) => `${root()}/file/bot${token}/shared.txt`
  for (const hit of ['MISS', 'HIT']) {
    const answered = await fetch(path(await at.grant('telegram')))
    expect(answered.headers.get('x-proxy-cache')).toBe(hit)
    expect(await answered.text()).toBe('the bytes of shared.txt')
  }
  expect(seen).toHaveLength(1)
})
