import type { Provider } from '../catalog.ts'
import { Refusal, REFUSALS } from '../refusal.ts'
import type { Search } from '../scrub/search.ts'
import { searchFor } from '../secret.ts'
import type { Secret } from '../secret.ts'
import { passedOn, stopped } from './closing.ts'
import type { Closing, Ending } from './closing.ts'
import { scrubbedMessage, sizeOf } from './message.ts'
import type { Data } from './message.ts'
import { Unread } from './unread.ts'

/** So often it is asked whether an open socket is still allowed. */
const LOOK_MS = 30_000

/** Who cannot say by then is taken for nobody. */
const LOOKING_MS = 10_000

/** How long a side that was told of the end has to say so itself. */
const FAREWELL_MS = 5000

export interface Bridging {
  readonly provider: Provider
  /** What is taken out of the upstream's messages. */
  readonly secrets: readonly Secret[]
  readonly now: () => number
  /** Unix ms: when that may change by itself. null: never. */
  readonly expires: number | null
  /** Whether the agent may still do this. @throws Refusal when not, or when nobody can say. */
  readonly stillAllowed: () => Promise<void>
}

/** What went over a socket that has ended. */
export interface Passed {
  readonly ending: Ending
  readonly duration_ms: number
  /** From the agent, and to it. */
  readonly messages_in: number
  readonly messages_out: number
  /** Of messages, without their framing, as they were passed on. */
  readonly bytes_in: number
  readonly bytes_out: number
  readonly echoes: number
}

type Side = 'agent' | 'upstream'

/**
 * Joins two web sockets until both have closed. Messages pass whole and in order; the upstream's
 * without secrets. How one side ends it, the other is told. Resolves when all is over, never rejects.
 */
export function bridge(agent: WebSocket, upstream: WebSocket, how: Bridging): Promise<Passed> {
  return new Bridge({ agent, upstream }, how).over
}

class Bridge {
  readonly over: Promise<Passed>
  readonly #done: (passed: Passed) => void
  readonly #sockets: Readonly<Record<Side, WebSocket>>
  readonly #how: Bridging
  readonly #search: Search
  readonly #began: number
  readonly #unread: Readonly<Record<Side, Unread>>
  readonly #counts = { agent: { messages: 0, bytes: 0 }, upstream: { messages: 0, bytes: 0 } }
  /** Which sides have said that they are through, or are gone. */
  readonly #closed = new Set<Side>()
  #echoes = 0
  #lastMessage: number
  #lastLook: number
  #ending: Ending | null = null
  #stopTimer: () => void = () => {}

  constructor(sockets: Readonly<Record<Side, WebSocket>>, how: Bridging) {
    const { promise, resolve } = Promise.withResolvers<Passed>()
    const now = how.now()
    this.over = promise
    this.#done = resolve
    this.#sockets = sockets
    this.#how = how
    this.#search = searchFor(how.secrets)
    this.#began = this.#lastMessage = this.#lastLook = now
    this.#unread = { agent: new Unread(now), upstream: new Unread(now) }
    this.#listen('agent', 'upstream')
    this.#listen('upstream', 'agent')
    this.#watch()
  }

  #listen(from: Side, to: Side): void {
    const socket = this.#sockets[from]
    socket.addEventListener('message', ({ data }: { readonly data: unknown }) => {
      if (typeof data === 'string' || data instanceof ArrayBuffer) this.#pass(from, to, data)
    })
    socket.addEventListener('close', ({ code, reason }) => this.#closedBy(from, code, reason))
    socket.addEventListener('error', () => this.#closedBy(from, BROKE, ''))
    socket.binaryType = 'arraybuffer'
    // The answer to a close is the other side's to give.
    socket.accept({ allowHalfOpen: true })
  }

  #pass(from: Side, to: Side, received: Data): void {
    if (this.#ending?.by === 'outpost') return
    const now = this.#how.now()
    this.#lastMessage = now
    this.#unread[from].heard(now)
    const data = from === 'upstream' ? this.#scrubbed(received) : received
    if (data === null) return
    const size = sizeOf(data)
    if (this.#unread[to].sent(size) > this.#how.provider.websocket_unread_bytes) {
      this.#end(stopped('unread', 'too much has been sent that may be unread'))
    } else if (this.#said(to, (socket) => socket.send(data))) {
      this.#counts[to].messages += 1
      this.#counts[to].bytes += size
    }
  }

  /** null: it repeated a credential, and that is the end. */
  #scrubbed(received: Data): Data | null {
    const { scrub, on_echo } = this.#how.provider
    const { data, found } = scrubbedMessage(received, this.#search, scrub)
    this.#echoes += found
    if (found === 0 || on_echo === 'redact') return data
    this.#end(stopped('echo', 'the upstream repeated a credential'))
    return null
  }

  /** To a side that may be gone without having said so: then its `close` is on its way. */
  #said(to: Side, say: (socket: WebSocket) => void): boolean {
    try {
      say(this.#sockets[to])
      return true
    } catch {
      return false
    }
  }

  #closedBy(side: Side, code: number, reason: string): void {
    if (this.#closed.has(side)) return
    this.#closed.add(side)
    if (!this.#ending) this.#end(passedOn(side, code, reason, this.#how.secrets))
    else if (this.#ending.by !== 'outpost') this.#close(this.#ending.by, this.#ending)
    if (this.#closed.size === 2) this.#finish()
  }

  /** The side that began it gets its answer when the other has given its own. */
  #end(ending: Ending): void {
    if (this.#ending) return
    this.#ending = ending
    this.#after(FAREWELL_MS, () => this.#finish())
    if (ending.by !== 'agent') this.#close('agent', ending)
    if (ending.by !== 'upstream') this.#close('upstream', ending)
  }

  #close(side: Side, ending: Ending): void {
    const { code, reason }: Closing = ending[side]
    this.#said(side, (socket) => (code === undefined ? socket.close() : socket.close(code, reason)))
  }

  #finish(): void {
    const ending = this.#ending
    if (!ending) return
    this.#stopTimer()
    // Whoever has not answered by now is closed all the same.
    this.#close('agent', ending)
    this.#close('upstream', ending)
    const { agent, upstream } = this.#counts
    this.#done({
      ending,
      duration_ms: this.#how.now() - this.#began,
      messages_in: upstream.messages,
      messages_out: agent.messages,
      bytes_in: upstream.bytes,
      bytes_out: agent.bytes,
      echoes: this.#echoes,
    })
  }

  /** Waits until something has to be looked at: silence, or whether the agent may still do this. */
  #watch(): void {
    if (this.#ending) return
    const now = this.#how.now()
    const idleAt = this.#lastMessage + this.#how.provider.websocket_idle_ms
    if (now >= idleAt) {
      this.#end(stopped('idle', 'idle'))
      return
    }
    const lookAt = this.#nextLook()
    if (now >= lookAt) void this.#look(now)
    else this.#after(Math.min(idleAt, lookAt) - now, () => this.#watch())
  }

  /** One thing is waited for at a time. */
  #after(ms: number, then: () => void): void {
    this.#stopTimer()
    const timer = setTimeout(then, ms)
    this.#stopTimer = () => clearTimeout(timer)
  }

  #nextLook(): number {
    const { expires } = this.#how
    const next = this.#lastLook + LOOK_MS
    return expires === null || expires <= this.#lastLook ? next : Math.min(next, expires)
  }

  async #look(now: number): Promise<void> {
    this.#lastLook = now
    this.#after(LOOKING_MS, () => this.#end(refused(null)))
    try {
      await this.#how.stillAllowed()
      this.#watch()
    } catch (cause) {
      this.#end(refused(cause))
    }
  }
}

const BROKE = 1006

function refused(cause: unknown): Ending {
  if (!(cause instanceof Refusal) || REFUSALS[cause.code] >= 500) {
    return stopped('not checked', 'it cannot be checked that this is still allowed')
  }
  return stopped('not allowed', `${cause.code}: ${cause.message}`)
}
