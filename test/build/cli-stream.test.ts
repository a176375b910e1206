import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { outpost, start } from './cli/run.ts'
import type { Going } from './cli/run.ts'
import {
  APPROVAL,
  event,
  EVIL,
  EVIL_SHOWN,
  json,
  refusal,
  sent,
  startControl,
  stream,
  text,
} from './cli/server.ts'
import type { Answer, ControlServer } from './cli/server.ts'

/** A process each, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 30_000 })

let server: ControlServer
let folder: string
let going: Going[]

beforeAll(async () => {
  server = await startControl()
})
afterAll(() => server.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-cli-'))
  server.asked.length = 0
  going = []
})
afterEach(() => {
  for (const { child } of going) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const run = (args: readonly string[]) => outpost(args, { url: server.url, cwd: folder })

function launch(args: readonly string[]): Going {
  const one = start(args, { url: server.url, cwd: folder })
  going.push(one)
  return one
}

/** Until so many requests have come. */
async function requests(many: number): Promise<void> {
  while (server.asked.length < many) await delay(20)
}

const AUDIT = 'GET /_outpost/audit'
const STREAM = 'GET /_outpost/audit/stream'
const urls = (): readonly string[] => server.asked.map(({ url }) => url)

describe('outpost audit', () => {
  it('shows the newest last, each kind in its way', async () => {
    const control = {
      kind: 'control',
      at: '2026-11-22T10:00:03.000Z',
      action: 'grant.created',
      by: 'access:ann@example.com',
      target: 'gr_1',
      details: { agent: 'bot', project: null },
      seq: 3,
    }
    const refusals = {
      kind: 'refusals',
      at: '2026-11-22T10:00:04.000Z',
      counts: { PROXY_AUTH_REQUIRED: 412 },
      seq: 4,
    }
    const denied = { decision: 'deny', status: 403, reason: 'deny[0]', rule: null }
    const events = [refusals, control, event(2, denied), event(1, { path: EVIL })]
    server.on(AUDIT, json({ events, next: null }))
    const ran = await run([
      'audit',
      '--agent',
      'bot',
      '--since',
      '2026-11-22',
      '--until',
      '2026-11-23T01:02:03+01:00',
    ])
    expect(ran.code, ran.err).toBe(0)
    expect(urls()).toEqual([
      '/_outpost/audit?agent=bot&since=2026-11-22T00%3A00%3A00.000Z&until=2026-11-23T00%3A02%3A03.000Z&limit=50',
    ])
    const lines = ran.out.trimEnd().split('\n')
    expect(lines.map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
      'TIME | WHAT | STATUS | WHO | PROVIDER | CALL | WHY',
      `2026-11-22 10:00:01Z | allow | 200 | claude-code@ci | github | GET ${EVIL_SHOWN}?per_page | allow[3]`,
      '2026-11-22 10:00:02Z | deny | 403 | claude-code@ci | github | GET /repos/acme/site/2?per_page | deny[0]',
      '2026-11-22 10:00:03Z | control | access:ann@example.com | grant.created gr_1 | agent=bot',
      '2026-11-22 10:00:04Z | refused | 412 × PROXY_AUTH_REQUIRED',
    ])
  })

  it('asks for a time that is so long ago', async () => {
    server.on(AUDIT, json({ events: [], next: null }))
    const before = Date.now() - 2 * 3_600_000
    const ran = await run(['audit', '--since', '2h'])
    expect(ran.out).toBe('no events\n')
    const since = Date.parse(new URL(urls()[0] ?? '', 'http://x').searchParams.get('since') ?? '')
    expect(since - before).toBeGreaterThanOrEqual(0)
    expect(since - before).toBeLessThan(30_000)
  })

  it('prints pages as one with --json', async () => {
    server.on(
      AUDIT,
      json({ events: [event(3)], next: 'c' }),
      json({ events: [event(2)], next: null }),
    )
    const ran = await run(['audit', '--json'])
    expect(JSON.parse(ran.out)).toEqual({ events: [event(3), event(2)], next: null })
  })
})

describe('outpost audit --follow', () => {
  it('shows what was, then what comes, and ends with 0 at SIGINT', async () => {
    server.on(
      AUDIT,
      json({ events: [event(2)], next: null }),
      json({ events: [event(2), event(1)], next: null }),
    )
    server.on(
      STREAM,
      stream(`retry: 3000\n: after 2\n\n${sent(3)}${sent(4, { note: EVIL, path: EVIL })}`),
    )
    const tail = launch(['audit', '--follow', '--tenant', 'acme', '--limit', '2'])
    await tail.until('override')
    tail.child.kill('SIGINT')
    const ran = await tail.ended
    expect([ran.code, ran.err]).toEqual([0, ''])
    expect(urls()).toEqual([
      '/_outpost/audit?tenant=acme&limit=1',
      '/_outpost/audit?tenant=acme&limit=2',
      '/_outpost/audit/stream?tenant=acme&after=2',
    ])
    expect(ran.out.match(/site\/\d/g)).toEqual(['site/1', 'site/2', 'site/3'])
    expect(ran.out).toContain(EVIL_SHOWN)
  })

  it('goes on after the last event when the connection breaks, and says so', async () => {
    server.on(AUDIT, json({ events: [], next: null }))
    server.on(
      STREAM,
      stream(`retry: 100\n\n${sent(1)}${sent(2)}id: 3\nevent: record\ndata: {"cut`, 'break'),
      refusal(502, 'PROXY_UPSTREAM_ERROR'),
      text('<html>', 'text/html', 503),
      stream(`${sent(2)}${sent(3)}`),
    )
    const tail = launch(['audit', '--follow', '--json'])
    await tail.until('site/3')
    tail.child.kill('SIGTERM')
    const ran = await tail.ended
    expect(ran.code).toBe(0)
    expect(
      ran.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([event(1), event(2), event(3)])
    expect(ran.err.match(/trying again in \d s/g)).toHaveLength(3)
    expect(
      server.asked
        .slice(2)
        .map(({ url, headers }) => [url.split('=')[1], headers['last-event-id']]),
    ).toEqual([
      ['0', '0'],
      ['2', '2'],
      ['2', '2'],
      ['2', '2'],
    ])
  })

  it('says nothing of a connection that ends as it should', async () => {
    server.on(AUDIT, json({ events: [], next: null }))
    server.on(STREAM, stream(`retry: 100\n\n${sent(1)}`, 'end'), stream(sent(2)))
    const tail = launch(['audit', '--follow'])
    await tail.until('site/2')
    tail.child.kill('SIGINT')
    expect(await tail.ended).toMatchObject({ code: 0, err: '' })
  })

  it('filters what comes, in both forms of a record', async () => {
    server.on(AUDIT, json({ events: [], next: null }))
    const { kind, seq, ...nested } = event(3, { agent: 'bot' })
    const raw = `id: 3\nevent: record\ndata: ${JSON.stringify({ kind, seq, event: nested })}\n\n`
    server.on(
      STREAM,
      stream(sent(1) + sent(2, { agent: 'bot' }) + raw + sent(4) + sent(5, { agent: 'bot' })),
    )
    const tail = launch(['audit', '--follow', '--agent', 'bot', '--decision', 'allow'])
    await tail.until('site/5')
    tail.child.kill('SIGINT')
    expect((await tail.ended).out.match(/site\/\d/g)).toEqual(['site/2', 'site/3', 'site/5'])
  })

  it.each<[string, Answer, number]>([
    ['a token that was taken back', refusal(401, 'PROXY_AUTH_REQUIRED'), 4],
    ['a server that has no stream', refusal(404, 'PROXY_NO_ROUTE'), 5],
    ['a record that is no JSON', stream('id: 9\nevent: record\ndata: {oops\n\n'), 70],
  ])('ends with %s', async (_, answer, code) => {
    server.on(AUDIT, json({ events: [], next: null }))
    server.on(STREAM, answer)
    const ran = await run(['audit', '--follow'])
    expect([ran.code, ran.out]).toEqual([code, ''])
    expect(ran.err).toMatch(/^outpost: .+\n$/)
  })
})

describe('outpost approvals --watch', () => {
  const ROUTE = 'GET /_outpost/approvals'
  const ONE = `${ROUTE}/${APPROVAL.id}`

  it('shows each new one once, and what became of it', async () => {
    const [waits, none] = [json({ approvals: [APPROVAL] }), json({ approvals: [] })]
    server.on(ROUTE, none, waits, waits, none)
    server.on(ONE, json({ approval: { ...APPROVAL, state: 'denied', decided_by: 'admin' } }))
    const watch = launch(['approvals', '--watch', '--tenant', 'acme'])
    await watch.until('denied by admin')
    watch.child.kill('SIGINT')
    const ran = await watch.ended
    expect(ran.code).toBe(0)
    expect(ran.out.match(/POST \/repos\/acme\/site\/issues/g)).toHaveLength(1)
    expect(ran.out).toContain(`outpost approve ${APPROVAL.id}`)
    expect(urls()[0]).toBe('/_outpost/approvals?tenant=acme&state=pending&limit=200')
  })

  it('prints a line of JSON for each, and outlives a server that is away', async () => {
    server.on(
      ROUTE,
      json({ approvals: [] }),
      (response) => void response.destroy(),
      json({ approvals: [APPROVAL] }),
    )
    const watch = launch(['approvals', '--watch', '--json'])
    await watch.until(APPROVAL.id)
    watch.child.kill('SIGINT')
    const ran = await watch.ended
    expect(ran.err).toMatch(/cannot reach .*; trying again in \d s/)
    expect([ran.code, JSON.parse(ran.out)]).toEqual([0, APPROVAL])
  })

  it('ends when there was never a server', async () => {
    const gone = await startControl()
    await gone.close()
    expect(await outpost(['approvals', '--watch'], { url: gone.url })).toMatchObject({
      code: 3,
      out: '',
    })
  })
})

describe('outpost audit --export', () => {
  const LINES = Array.from({ length: 500 }, (_, at) => `${JSON.stringify(event(at + 1))}\n`)
  const NDJSON = 'application/x-ndjson'
  const chain = text(LINES.join(''), NDJSON)
  const file = (): string => join(folder, 'chain.ndjson')

  it('writes the chain as it came, for this user alone', async () => {
    server.on(AUDIT, chain)
    const ran = await run(['audit', '--export', 'chain.ndjson', '--tenant', 'acme'])
    expect(ran).toEqual({ code: 0, out: '', err: 'outpost: 500 records are in chain.ndjson\n' })
    expect(readFileSync(file(), 'utf8')).toBe(LINES.join(''))
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['chain.ndjson'])
    expect([urls(), server.asked[0]?.headers.accept]).toEqual([
      ['/_outpost/audit?tenant=acme'],
      NDJSON,
    ])
  })

  it('writes it to standard output', async () => {
    server.on(AUDIT, chain)
    expect(await run(['audit', '--export', '-'])).toEqual({ code: 0, out: LINES.join(''), err: '' })
  })

  it('goes over a file with --force alone', async () => {
    server.on(AUDIT, chain)
    writeFileSync(file(), 'mine')
    expect((await run(['audit', '--export', file()])).code).toBe(2)
    expect([readFileSync(file(), 'utf8'), server.asked.length]).toEqual(['mine', 0])
    expect((await run(['audit', '--export', file(), '--force'])).code).toBe(0)
    expect(readFileSync(file(), 'utf8')).toBe(LINES.join(''))
  })

  it('goes over no file that came meanwhile', async () => {
    server.on(AUDIT, (response, asked) => {
      writeFileSync(file(), 'mine')
      return chain(response, asked)
    })
    expect((await run(['audit', '--export', file()])).code).toBe(2)
    expect([readFileSync(file(), 'utf8'), readdirSync(folder)]).toEqual(['mine', ['chain.ndjson']])
  })

  const breaks: Answer = (response) => {
    response.writeHead(200, { 'content-type': NDJSON })
    response.write(LINES.join(''), () => setTimeout(() => response.destroy(), 100))
  }
  it.each<[string, Answer, number]>([
    ['a stream that breaks off', breaks, 3],
    ['something else', json({ events: [] }), 3],
    ['a refusal', refusal(401, 'PROXY_AUTH_REQUIRED'), 4],
  ])('leaves no file after %s', async (_, answer, code) => {
    server.on(AUDIT, answer)
    const ran = await run(['audit', '--export', file()])
    expect([ran.code, readdirSync(folder)]).toEqual([code, []])
  })

  it('leaves no file after a signal, and ends as a shell expects', async () => {
    server.on(AUDIT, (response) => {
      response.writeHead(200, { 'content-type': NDJSON }).write(LINES[0])
    })
    const writing = launch(['audit', '--export', file()])
    while (readdirSync(folder).length === 0) await delay(20)
    writing.child.kill('SIGINT')
    expect(await writing.ended).toEqual({ code: 130, out: '', err: '' })
    expect(readdirSync(folder)).toEqual([])
  })

  it('reads no faster than it is read', async () => {
    const piece = Buffer.from(LINES.join(''))
    let taken = 0
    server.on(AUDIT, async (response) => {
      const ended = once(response, 'close')
      response.writeHead(200, { 'content-type': NDJSON })
      for (
        let sentSoFar = 0;
        sentSoFar < 64 * 1024 * 1024 && !response.destroyed;
        sentSoFar += piece.length
      ) {
        if (!response.write(piece)) {
          await Promise.race([once(response, 'drain'), ended])
        }
        taken = sentSoFar
      }
    })
    const reading = launch(['audit', '--export', '-'])
    reading.child.stdout.pause()
    await requests(1)
    await delay(1500)
    expect(taken).toBeLessThan(32 * 1024 * 1024)
    reading.child.stdout.destroy()
    expect((await reading.ended).code).toBe(0)
  })

  it('refuses a folder, and a place where it may not write', async () => {
    mkdirSync(join(folder, 'there'))
    expect((await run(['audit', '--export', 'there', '--force'])).code).toBe(2)
    expect((await run(['audit', '--export', 'nowhere/chain'])).code).toBe(2)
    expect(server.asked).toEqual([])
  })
})

describe('the launcher', () => {
  /** A Node that cannot run TypeScript, as far as the launcher sees, and a package around it. */
  function packageOf(node: string | null): string {
    const root = join(folder, 'package')
    for (const part of ['scripts/cli', 'node_modules/commander', 'node_modules/.bin']) {
      mkdirSync(join(root, part), { recursive: true })
    }
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(root, 'old.cjs'),
      "Object.defineProperty(process.features, 'typescript', { value: undefined })",
    )
    const launcher = readFileSync(join(import.meta.dirname, '../../scripts/outpost.js'), 'utf8')
    writeFileSync(join(root, 'scripts/outpost.js'), launcher)
    if (node !== null) {
      writeFileSync(join(root, 'node_modules/.bin/node'), node)
      chmodSync(join(root, 'node_modules/.bin/node'), 0o755)
    }
    return root
  }

  async function spawned(root: string, args: readonly string[] = []): Promise<Going> {
    const { spawn } = await import('node:child_process')
    const child = spawn(process.execPath, [
      '-r',
      join(root, 'old.cjs'),
      join(root, 'scripts/outpost.js'),
      ...args,
    ])
    let [out, err] = ['', '']
    child.stdout.on('data', (piece) => (out += String(piece)))
    child.stderr.on('data', (piece) => (err += String(piece)))
    const so = () => ({ code: child.exitCode, out, err })
    const until = async (wanted: string) => {
      while (!out.includes(wanted)) await delay(20)
    }
    const one = {
      child,
      so,
      until,
      ended: new Promise<void>((done) => child.once('close', () => done())).then(so),
    }
    going.push(one)
    return one
  }

  it('hands over to the Node of the package: arguments, streams and exit code', async () => {
    const root = packageOf('#!/bin/sh\necho "$@"\ncat\necho oops >&2\nexit 5\n')
    const one = await spawned(root, ['a b', '--json'])
    one.child.stdin.end('input')
    expect(await one.ended).toEqual({
      code: 5,
      out: `${join(root, 'scripts/cli/main.ts')} a b --json\ninput`,
      err: 'oops\n',
    })
  })

  it('passes a signal on, and waits for the end', async () => {
    const one = await spawned(
      packageOf(
        "#!/bin/sh\ntrap 'echo got; exit 7' INT\necho ready\nwhile :; do sleep 0.1; done\n",
      ),
    )
    await one.until('ready')
    one.child.kill('SIGINT')
    expect(await one.ended).toMatchObject({ code: 7, out: 'ready\ngot\n' })
  })

  it.each([
    ['ends like a Node that was killed', '#!/bin/sh\nkill -9 $$\n', 137, ''],
    ['says when there is no other Node', null, 70, 'is too old'],
  ])('%s', async (_, node, code, said) => {
    const ran = await (await spawned(packageOf(node))).ended
    expect(ran.code).toBe(code)
    expect(ran.err).toContain(said)
  })

  it('says when nothing is installed', async () => {
    const root = packageOf(null)
    rmSync(join(root, 'node_modules'), { recursive: true })
    expect(await (await spawned(root)).ended).toMatchObject({
      code: 70,
      err: expect.stringContaining('npm ci') as string,
    })
  })

  it('is the bin of the package', () => {
    const root = join(import.meta.dirname, '../..')
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      bin: { outpost: string }
    }
    expect(existsSync(join(root, bin.outpost))).toBe(true)
    expect(statSync(join(root, bin.outpost)).mode & 0o111).not.toBe(0)
  })
})
