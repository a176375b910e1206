import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The upstream of many streams: a process of its own, so that it has files of its own. Every call is
 * answered with an event at once; more follow while its parent wants them. It ends with its parent.
 */

/** What the parent asks. Each is answered with a `StreamReport`. */
export type StreamOrder =
  /** An event on each stream every so many ms, spread evenly; null: none. */
  | { readonly every_ms: number | null }
  /** So many streams end as they should. */
  | { readonly end: number }
  | { readonly report: true }

export interface StreamReport {
  readonly port: number
  /** Streams that are open. */
  readonly open: number
  /** Events written so far. */
  readonly events: number
}

const TICK_MS = 50

const open = new Set<ServerResponse>()
let events = 0
let every_ms: number | null = null
/** The streams of this round that have not had their event. */
let round: Iterator<ServerResponse> = open.values()
/** How many it began with: those that end in it do not slow it down. */
let inRound = 0
/** Events that are due, with a fraction. */
let due = 0

const server = createServer((request, response) => {
  request.resume()
  request.on('error', () => {})
  response.on('error', () => {})
  response.once('close', () => open.delete(response))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  open.add(response)
  tell(response)
})
server.on('connection', (socket) => socket.on('error', () => {}))

function tell(response: ServerResponse): void {
  response.write(`data: ${Date.now()}\n\n`)
  events += 1
}

function tick(): void {
  if (every_ms === null || open.size === 0) return
  inRound = Math.max(inRound, open.size)
  for (due += (inRound * TICK_MS) / every_ms; due >= 1; due -= 1) {
    let next = round.next()
    if (next.done === true) {
      round = open.values()
      inRound = open.size
      next = round.next()
    }
    if (next.done !== true) tell(next.value)
  }
}

function report(): void {
  const { port } = server.address() as AddressInfo
  process.send?.({ port, open: open.size, events } satisfies StreamReport)
}

process.on('message', (order: StreamOrder) => {
  if ('every_ms' in order) every_ms = order.every_ms
  if ('end' in order) for (const each of [...open].slice(0, order.end)) each.end()
  report()
})
process.on('disconnect', () => process.exit())

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
setInterval(tick, TICK_MS)
report()
