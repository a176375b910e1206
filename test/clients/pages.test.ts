import { createServer, request as requestOf } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const PAGES_TOKEN = 'sentinel-pages-55aa10'
const at = clientsOutpost({ PAGES_TOKEN })

let server: Server | undefined
let more: ServerResponse | undefined

beforeAll(async () => {
  server = createServer(answer)
  await new Promise<void>((done) => {
    server?.listen(at.port('pages'), '127.0.0.1', done)
  })
})

afterAll(() => {
  server?.closeAllConnections()
  server?.close()
})

const CODINGS: Readonly<Record<string, (body: string) => Buffer>> = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  zstd: zstdCompressSync,
}

function base(): string {
  return `http://127.0.0.1:${at.port('pages')}/v1`
}

const page = (): string =>
  JSON.stringify({
    next: `${base()}/items?page=2`,
    previous: `${base()}/items?page=0`,
    items: [{ url: `${base()}/items/1` }, { url: 'https://elsewhere.test/items/2' }],
    '@odata.nextLink': `${base()}/odata?$skip=1`,
    echo: PAGES_TOKEN,
  })

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, base())
  if (headers.authorization !== `Bearer ${PAGES_TOKEN}`) {
    response.writeHead(401).end('{}')
    return
  }
  response.setHeader('content-type', searchParams.get('type') ?? 'application/json; charset=utf-8')
  response.setHeader('link', `<${base()}/items?page=2>; rel="next", </v1/items?page=9>; rel=last`)
  response.setHeader('content-location', `${base()}/items?page=1`)
  response.setHeader('etag', '"1"')
  response.setHeader('content-md5', 'x')
  const coding = searchParams.get('coding')
  if (pathname === '/v1/slow') {
    response.write(page().slice(0, 30))
    more = response
  } else if (coding === null) {
    response.setHeader('content-length', Buffer.byteLength(page()))
    response.end(page())
  } else {
    response.setHeader('content-encoding', coding)
    response.end(CODINGS[coding]?.(page()))
  }
}

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${at.url}${path}`, {
    headers: { 'x-outpost-auth': await at.grant('pages', 'echo'), ...headers },
  })
}

const shown = (origin: string) => ({
  next: `${origin}/items?page=2`,
  previous: `${base()}/items?page=0`,
  items: [{ url: `${origin}/items/1` }, { url: 'https://elsewhere.test/items/2' }],
  '@odata.nextLink': `${origin}/odata?$skip=1`,
  echo: '[redacted]',
})

describe('what points back at the upstream points at the proxy', () => {
  it.each<[string, string, Record<string, string>, () => string]>([
    ['named by its path', '/p/pages/items', {}, () => `${at.url}/p/pages`],
    ['named by a header', '/items', { 'x-provider': 'pages' }, () => at.url],
  ])('%s', async (_title, path, headers, origin) => {
    const answered = await get(path, headers)
    const body = await answered.text()
    expect(JSON.parse(body)).toEqual(shown(origin()))
    expect(answered.headers.get('link')).toBe(
      `<${origin()}/items?page=2>; rel="next", <${origin()}/items?page=9>; rel=last`,
    )
    expect(answered.headers.get('content-location')).toBe(
      `${origin().slice(at.url.length)}/items?page=1`,
    )
    expect(answered.headers.get('etag')).toBe('W/"1"')
    expect(answered.headers.get('content-md5')).toBeNull()
    expect(answered.headers.get('content-length')).toBe(String(Buffer.byteLength(body)))
  })

  it.each(['gzip', 'br', 'deflate'])('in %s', async (coding) => {
    const answered = await get(`/p/pages/items?coding=${coding}`)
    expect(await answered.json()).toEqual(shown(`${at.url}/p/pages`))
    expect(answered.headers.get('content-encoding')).toBeNull()
  })

  it('and what cannot be looked into is not handed on', async () => {
    expect((await get('/p/pages/items?coding=zstd')).status).toBe(502)
  })

  it.each(['text/plain', 'application/jsonp', 'text/html'])('not in %s', async (type) => {
    const answered = await get(`/p/pages/items?type=${encodeURIComponent(type)}`)
    expect(await answered.text()).toContain(`"next":"${base()}`)
  })

  it.each(['application/hal+json', 'application/x-ndjson', 'APPLICATION/JSON'])(
    'in %s',
    async (type) => {
      const answered = await get(`/p/pages/items?type=${encodeURIComponent(type)}`)
      expect(await answered.text()).toContain(`"next":"${at.url}/p/pages/items?page=2"`)
    },
  )
})

it('while it streams', async () => {
  const { body } = await get('/p/pages/slow')
  if (!body) throw new Error('no body')
  more?.write(page().slice(30, 100))
  let said = ''
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    said += part
    // The rest is not sent before what is here has come.
    if (said.includes('previous') && !more?.writableEnded) more?.end(page().slice(100))
  }
  expect(JSON.parse(said)).toEqual(shown(`${at.url}/p/pages`))
})

it('an answer that breaks off breaks off', async () => {
  const answered = await get('/p/pages/slow')
  more?.destroy()
  await expect(answered.text()).rejects.toThrow(/terminated/)
})

/** By hand: `fetch` writes `Host` itself. */
async function getAs(host: string, path: string, token: string) {
  const answered = await new Promise<IncomingMessage>((done, fail) => {
    const headers = { host, 'x-outpost-auth': token }
    requestOf(`${at.url}${path}`, { headers }, done).on('error', fail).end()
  })
  return {
    cache: answered.headers['x-proxy-cache'],
    link: answered.headers['link'],
    body: await text(answered),
  }
}

it('a shared answer does not hand one caller’s Host to another', async () => {
  const [one, other] = [await at.grant('pages'), await at.grant('pages')]
  const evil = await getAs('evil.example', '/p/pages/cached/x', one)
  expect(evil.body).toContain('http://evil.example/p/pages/items')
  const mine = await getAs('outpost.example', '/p/pages/cached/x', other)
  expect([mine.cache, mine.body, mine.link].join()).toContain('MISS')
  expect([mine.body, mine.link].join()).not.toContain('evil')
  const again = await getAs('outpost.example', '/p/pages/cached/x', one)
  expect([again.cache, again.body]).toEqual(['HIT', mine.body])
})
