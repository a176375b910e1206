import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { bytesOf } from './plan.ts'
import type { Play, PlayName } from './plays.ts'

/** One exchange at the upstream. */
export interface Stage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly play: Play
  readonly block: Buffer
  /** The headers of every answer: they say which call it is for. */
  readonly headers: Readonly<Record<string, string>>
  /** Under which the provider's paths stand. */
  readonly base: string
}

type Performance = (stage: Stage) => Promise<void> | void

/** Heads that no client may take for an answer. */
const MALFORMED = [
  'HTTP/1.1 abc OK\r\n\r\n',
  'HTTP/1.1\r\n\r\n',
  'NONSENSE\r\n\r\n',
  'HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n',
]

const IMPOSSIBLE = ['999 Odd', '600 Odd', '099 Odd', '101 Switching Protocols']

/** A client that only closes its side is not noticed until then. */
const STALLED_MS = 15_000

/** Parts in which a slow body comes. */
const PARTS = 4

/** Does what the play says. Returns when all is sent. */
export async function perform(stage: Stage): Promise<void> {
  await PERFORMANCES[stage.play.name](stage)
}

const PERFORMANCES: Readonly<Record<PlayName, Performance>> = {
  ok: whole,
  large: whole,
  'server error': whole,
  'client error': whole,
  'redirect outside': whole,
  throttle: whole,
  'token rejected': whole,
  empty: (stage) => void stage.response.writeHead(stage.play.status, headersOf(stage)).end(),
  chunked: async (stage) => {
    stage.response.writeHead(stage.play.status, headersOf(stage))
    for (const part of partsOf(stage)) {
      stage.response.write(part)
      await delay(1)
    }
    stage.response.end()
  },
  closing: (stage) => {
    raw(stage, `HTTP/1.1 200 OK\r\n${lines(stage)}connection: close\r\n\r\n`, bodyOf(stage))
    socketOf(stage).end()
  },
  'slow head': async (stage) => {
    await delay(stage.play.pace_ms)
    whole(stage)
  },
  'slow body': async (stage) => {
    stage.response.writeHead(stage.play.status, withLength(stage))
    for (const part of partsOf(stage)) {
      stage.response.write(part)
      await delay(stage.play.pace_ms / PARTS)
    }
    stage.response.end()
  },
  'redirect inside': (stage) => whole(stage, { location: `${stage.base}/moved/here?x=1` }),
  'echo in headers': (stage) => whole(stage, { 'x-echo': `You sent ${credential(stage)}.` }),
  'echo in body': (stage) => {
    const said = credential(stage)
    const encoded = Buffer.from(said).toString('base64')
    stage.response
      .writeHead(200, { ...headersOf(stage), 'content-type': 'application/json' })
      .end(JSON.stringify({ said, encoded }))
  },
  'reset at once': (stage) => void socketOf(stage).resetAndDestroy(),
  'end at once': (stage) => void socketOf(stage).end(),
  'reset in head': async (stage) => {
    raw(stage, 'HTTP/1.1 200 OK\r\nContent-Le')
    await delay(5)
    socketOf(stage).resetAndDestroy()
  },
  'malformed head': (stage) => {
    raw(stage, MALFORMED[stage.play.offset % MALFORMED.length] ?? '')
    socketOf(stage).end()
  },
  'impossible status': (stage) => {
    const status = IMPOSSIBLE[stage.play.offset % IMPOSSIBLE.length] ?? ''
    raw(stage, `HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    socketOf(stage).end()
  },
  'no head': () => {},
  'stalled body': async (stage) => {
    half(stage)
    await delay(STALLED_MS)
    socketOf(stage).destroy()
  },
  'reset in body': async (stage) => {
    half(stage)
    await delay(30)
    socketOf(stage).resetAndDestroy()
  },
  'short body': async (stage) => {
    half(stage)
    await delay(5)
    socketOf(stage).end()
  },
  'short chunks': async (stage) => {
    const head = `HTTP/1.1 200 OK\r\n${lines(stage)}transfer-encoding: chunked\r\n\r\n`
    raw(stage, `${head}5\r\nhello\r\nff\r\nand the rest of it`)
    await delay(5)
    socketOf(stage).end()
  },
  events: async (stage) => {
    const { response, play } = stage
    response.writeHead(200, { ...headersOf(stage), 'content-type': 'text/event-stream' })
    for (let number = 0; number < play.size && !response.destroyed; number += 1) {
      response.write(`id: ${number}\ndata: ${Date.now()}\n\n`)
      await delay(play.pace_ms)
    }
    response.end()
  },
}

function whole(stage: Stage, more: Readonly<Record<string, string>> = {}): void {
  stage.response.writeHead(stage.play.status, { ...withLength(stage), ...more }).end(bodyOf(stage))
}

function half(stage: Stage): void {
  const body = bodyOf(stage)
  const head = `HTTP/1.1 200 OK\r\n${lines(stage)}content-length: ${body.length}\r\n\r\n`
  raw(stage, head, body.subarray(0, body.length >> 1))
}

function bodyOf({ play, block }: Stage): Buffer {
  return bytesOf(play, block)
}

function partsOf(stage: Stage): Buffer[] {
  const body = bodyOf(stage)
  const size = Math.ceil(body.length / PARTS)
  return Array.from({ length: PARTS }, (_, part) => body.subarray(part * size, (part + 1) * size))
}

function headersOf({ headers, play }: Stage): Record<string, string> {
  return { 'content-type': 'application/octet-stream', ...headers, ...play.headers }
}

function withLength(stage: Stage): Record<string, string> {
  return { ...headersOf(stage), 'content-length': String(bodyOf(stage).length) }
}

function lines(stage: Stage): string {
  return Object.entries(headersOf(stage))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}

function credential({ request }: Stage): string {
  return request.headers.authorization ?? ''
}

function raw(stage: Stage, head: string, body?: Buffer): void {
  const socket = socketOf(stage)
  socket.write(head)
  if (body) socket.write(body)
}

/** The request stays its owner's: nothing else is sent on this connection. */
function socketOf({ request }: Stage): Socket {
  return request.socket
}
