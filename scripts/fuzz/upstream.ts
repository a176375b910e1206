import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { PLAIN_REPLY, replyParts } from './case.ts'
import type { Reply } from './case.ts'
import { RequestReader, valuesOf } from './request-reader.ts'
import type { Arrival } from './request-reader.ts'

/** What comes back to a call, and what came of it. */
export interface Script {
  readonly replies: readonly Reply[]
  readonly mints: readonly Reply[]
  readonly fill: (text: string) => string
  /** The provider whose token endpoint the call has to itself. */
  readonly lane: string | null
  readonly arrivals: Arrival[]
  /** At the token endpoint. */
  readonly minted: Arrival[]
}

const ID = /^f[0-9a-z]{5}(?:-s)?$/

/**
 * The upstream of every provider: a server of bytes, which answers with what it was told to, be it
 * HTTP or not. A request is of the call whose id stands in its header `X-Fuzz`, or in its target.
 */
export class HostileUpstream {
  readonly #server: Server
  readonly #scripts = new Map<string, Script>()
  readonly #sockets = new Set<Socket>()
  /** What came and belongs to no call that is under way. */
  readonly strays: Arrival[] = []
  /** What was written back to those that belong to none. */
  readonly #otherwise: Script = {
    replies: [PLAIN_REPLY],
    mints: [{ ...PLAIN_REPLY, body: ['{}'] }],
    fill: (text) => text.replaceAll('{{id}}', 'f00000'),
    lane: null,
    arrivals: [],
    minted: [],
  }

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      void new Conversation(socket, (arrival) => this.#replyTo(arrival)).run()
    })
  }

  /** At any free port. Returns its origin. */
  async listen(): Promise<string> {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  begin(id: string, script: Script): void {
    this.#scripts.set(id, script)
  }

  end(id: string): void {
    this.#scripts.delete(id)
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #replyTo(arrival: Arrival): { readonly reply: Reply; readonly fill: Script['fill'] } {
    const lane = /^\/(?:mint\/(\w+)|b\/(groww\d+)\/mint$)/.exec(arrival.target)
    if (lane) {
      const script = this.#ofLane(lane[1] ?? lane[2] ?? '') ?? this.#otherwise
      script.minted.push(arrival)
      return { reply: turn(script.mints, script.minted.length), fill: script.fill }
    }
    const script = this.#scripts.get(idOf(arrival).slice(0, 6)) ?? this.#otherwise
    if (script === this.#otherwise) this.strays.push(arrival)
    script.arrivals.push(arrival)
    return { reply: turn(script.replies, script.arrivals.length), fill: script.fill }
  }

  #ofLane(name: string): Script | undefined {
    for (const script of this.#scripts.values()) if (script.lane === name) return script
    return undefined
  }
}

/** The id of the call that a request came of; empty where it says none. */
export function idOf(arrival: Arrival): string {
  const said = [...valuesOf(arrival, 'x-fuzz'), ...arrival.target.split(/[/?&=]/)]
  return said.find((each) => ID.test(each)) ?? ''
}

function turn(replies: readonly Reply[], count: number): Reply {
  return replies[Math.min(count, replies.length) - 1] ?? PLAIN_REPLY
}

type ReplyTo = (arrival: Arrival) => { readonly reply: Reply; readonly fill: Script['fill'] }

/** One connection of the worker's. */
class Conversation {
  readonly #socket: Socket
  readonly #replyTo: ReplyTo
  readonly #reader = new RequestReader()
  #wake = Promise.withResolvers<void>()
  #over = false

  constructor(socket: Socket, replyTo: ReplyTo) {
    this.#socket = socket
    this.#replyTo = replyTo
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => {
      this.#reader.take(data)
      this.#wake.resolve()
    })
    socket.on('close', () => {
      this.#over = true
      this.#wake.resolve()
    })
  }

  async run(): Promise<void> {
    while (!this.#over) {
      const arrival = this.#reader.nextHead()
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      const goesOn = arrival ? await this.#exchange(arrival) : await this.#more()
      if (!goesOn) return
    }
  }

  async #more(): Promise<boolean> {
    await this.#wake.promise
    this.#wake = Promise.withResolvers()
    return !this.#over
  }

  /** False when nothing comes after it. */
  async #exchange(arrival: Arrival): Promise<boolean> {
    const { reply, fill } = this.#replyTo(arrival)
    const reading = this.#readBody(arrival)
    if (!reply.early && !(await reading)) return false
    if (!(await this.#write(reply, arrival, fill))) return false
    return reading
  }

  async #readBody(arrival: Arrival): Promise<boolean> {
    // oxlint-disable-next-line no-await-in-loop -- as it comes
    while (!this.#reader.readBody()) if (!(await this.#more())) break
    if (!arrival.complete) arrival.body = this.#reader.broken
    return arrival.complete
  }

  async #write(reply: Reply, { method }: Arrival, fill: Script['fill']): Promise<boolean> {
    const { interim, pause, end } = reply
    for (const each of interim) this.#socket.write(latin1(fill(each)))
    for (const [number, part] of written(reply, method, fill).entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (number > 0 && pause > 0) await delay(pause)
      if (this.#over) return false
      this.#socket.write(latin1(part))
    }
    if (end === 'close') this.#socket.end()
    if (end === 'reset') this.#socket.resetAndDestroy()
    return end === 'keep'
  }
}

/** Nobody but a liar answers HEAD with a body. */
function written(reply: Reply, method: string, fill: Script['fill']): string[] {
  if (reply.line === '') return []
  const parts = replyParts(reply, fill)
  return method === 'HEAD' && reply.edits.length === 0 ? parts.slice(0, 1).map(headOf) : parts
}

function headOf(part: string): string {
  return part.slice(0, part.indexOf('\r\n\r\n') + 4)
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
