import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { PAUSE_MS, stream } from '../servers/sse.ts'
import { json, upstream } from '../servers/upstream.ts'
import type { TestUpstream } from '../servers/upstream.ts'
import { aHome } from '../settled.ts'
import { python } from './program.ts'

/** Seconds of work for a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'sentinel-debian-c0ffee11'
const at = clientsOutpost({ DEBIAN_KEY: KEY })
const home = aHome()

let api: TestUpstream | undefined
let token = ''

beforeAll(async () => {
  api = await upstream(at.port('debian'), ({ headers }, response) =>
    headers.authorization === `Bearer ${KEY}`
      ? stream(response, 'data: first\n\n', 'data: last\n\n')
      : json(response, 401, {}),
  )
  token = await at.grant('debian')
})

afterAll(() => {
  api?.close()
  expect(JSON.stringify(api?.asked.map(({ url, headers }) => [url, headers]))).not.toContain(token)
})

/** Prints what comes as it comes; a grant in the place where its users put a key. */
const REQUESTS = `
import os, requests, sys
url = sys.argv[1]
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["OUTPOST_TOKEN"]
with session.get(url, stream=True) as answer:
    answer.raise_for_status()
    for line in answer.iter_lines():
        print(line.decode(), flush=True)
posted = requests.post(url, json={"a": 1}, auth=("any", os.environ["OUTPOST_TOKEN"]))
assert posted.status_code == 200, posted.text
refused = requests.get(url, headers={"Authorization": "Bearer op_" + "x" * 43})
assert refused.headers["x-proxy-error"] == "PROXY_AUTH_REQUIRED", refused.headers
`

it.each<[string, (url: string) => readonly string[]]>([
  ['curl', (url) => ['sh', '-c', `curl -sSN -H "Authorization: Bearer $OUTPOST_TOKEN" ${url}`]],
  ['requests', (url) => [python('requests', 'python3-requests'), '-c', REQUESTS, url]],
])('%s has the beginning of a stream before its end', async (_name, command) => {
  const url = `${at.url}/p/debian/events`
  const env = { OUTPOST_TOKEN: token }
  const where = { url: at.url, provider: 'debian', token }
  const ran = await home.run({ client: 'openai', where, env }, ...command(url))
  expect(ran).toMatchObject({ code: 0, err: '' })
  expect(ran.out).toContain('data: first\n')
  expect(ran.out).toContain('data: last\n')
  expect(ran.lead('first')).toBeGreaterThan(PAUSE_MS * 0.75)
  expect(ran.out).not.toContain(KEY)
})
