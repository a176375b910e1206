import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'

import { blocks } from './blocks.ts'
import type { Ledger } from './upstream.ts'

/** One transfer as both ends counted it. */
export interface Transfer {
  readonly client: Ledger
  readonly upstream: Ledger
  readonly seconds: number
}

/** Where to send, with what headers, and where the upstream tells what it saw. */
export interface Route {
  readonly url: string
  readonly upstream: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Wanted {
  readonly method: 'GET' | 'POST'
  /** `ID` in it becomes an id of this transfer's own. */
  readonly path: string
  /** Bytes to send. */
  readonly size: number
  /** Without Content-Length. */
  readonly chunked: boolean
}

const agent = new Agent({ keepAlive: true })
let lastId = 0

/** Sends and receives at once, hashes both, and asks the upstream what it hashed. */
export async function transfer(route: Route, wanted: Wanted): Promise<Transfer> {
  lastId += 1
  const id = `t${lastId}`
  const start = performance.now()
  const call = request(route.url + wanted.path.replace('ID', id), {
    agent,
    method: wanted.method,
    headers: { ...route.headers, ...lengthOf(wanted) },
  })
  const [sent, received] = await Promise.all([sending(call, wanted), receiving(call)])
  const seconds = (performance.now() - start) / 1000
  const client = {
    sent: sent.bytes,
    sentHash: sent.hash,
    received: received.bytes,
    receivedHash: received.hash,
  }
  return { client, upstream: await ledgerOf(route.upstream, id), seconds }
}

/** What the upstream saw of a transfer, asked directly. */
export async function ledgerOf(upstream: string, id: string): Promise<Ledger> {
  const answer = await fetch(`${upstream}/report/${id}`)
  return (await answer.json()) as Ledger
}

function lengthOf({ method, size, chunked }: Wanted): Readonly<Record<string, string | number>> {
  if (method === 'GET') return {}
  return chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': size }
}

interface Counted {
  readonly bytes: number
  readonly hash: string
}

async function sending(call: ClientRequest, { size }: Wanted): Promise<Counted> {
  const hash = createHash('sha256')
  for (const block of blocks(size)) {
    hash.update(block)
    if (!call.write(block)) await once(call, 'drain')
  }
  call.end()
  return { bytes: size, hash: hash.digest('hex') }
}

async function receiving(call: ClientRequest): Promise<Counted> {
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`)
  const hash = createHash('sha256')
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    hash.update(chunk)
  })
  await finished(answer)
  return { bytes, hash: hash.digest('hex') }
}
