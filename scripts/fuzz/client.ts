import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { answerIn } from '../../test/socket/wire.ts'
import type { Answer } from '../../test/socket/wire.ts'

/** What a client got for what it wrote. */
export interface Outcome {
  /** 1xx answers left out; the last one may have broken off. */
  readonly answers: readonly Answer[]
  /** Everything that came, as it came. */
  readonly bytes: Buffer
  /** How many of them are part of no answer. */
  readonly rest: number
  /** Who ended it: the client, as it meant to; the worker; or nobody, until patience was at an end. */
  readonly ended: 'left' | 'answered' | 'closed' | 'hung'
  readonly ms: number
  /** The worker had ended the connection before the client had written everything. */
  readonly reset: boolean
}

export interface Conversing {
  readonly from: string
  readonly parts: readonly string[]
  /** ms after which the client hangs up; null: once it has its answers. */
  readonly leaves: number | null
  /** More than one answer may come. */
  readonly several: boolean
  /** Nothing is missing of the request. */
  readonly whole: boolean
  /** The body of the answer may have no end: nobody waits for long for it. */
  readonly stalls: boolean
}

/** After so long a client whose request is not whole says that nothing more comes of it. */
const HALF_CLOSE_MS = 900
/** Longer than anything takes here, a token endpoint that says nothing for 15 s included. */
const PATIENCE_MS = 25_000
/** A second answer comes at once, if it comes. */
const MORE_MS = 120

/** Writes a call, and reads until there is an answer, or the connection ends. Never throws. */
export async function converse(port: number, wanted: Conversing): Promise<Outcome> {
  const talk = new Talk(port, wanted)
  const began = performance.now()
  const ended = await talk.run()
  talk.socket.destroy()
  return { ...talk.read(), ended, reset: talk.reset, ms: Math.round(performance.now() - began) }
}

class Talk {
  readonly socket: Socket
  reset = false
  readonly #wanted: Conversing
  readonly #over = Promise.withResolvers<Outcome['ended']>()
  #chunks: Buffer[] = []
  /** It is settled how it ended: nothing is waited for any longer. */
  #done = false
  readonly #timers: NodeJS.Timeout[] = []

  constructor(port: number, wanted: Conversing) {
    this.#wanted = wanted
    const address = { port, host: '127.0.0.1', localAddress: wanted.from }
    this.socket = connect({ ...address, noDelay: true, allowHalfOpen: true })
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.socket.on('end', () => this.#over.resolve('closed'))
    this.socket.on('close', () => this.#over.resolve('closed'))
    this.socket.on('error', () => {
      this.reset = true
      this.#over.resolve('closed')
    })
  }

  async run(): Promise<Outcome['ended']> {
    const { leaves } = this.#wanted
    if (leaves !== null) this.#after(leaves, () => this.#over.resolve('left'))
    const written = this.#write()
    const ended = await this.#over.promise
    this.#done = true
    for (const timer of this.#timers) clearTimeout(timer)
    await written
    return ended
  }

  async #write(): Promise<void> {
    for (const [number, part] of this.#wanted.parts.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (number > 0) await delay(2)
      if (this.socket.destroyed) return
      this.socket.write(Buffer.from(part, 'latin1'))
    }
    this.#after(HALF_CLOSE_MS, () => this.#lookAgain())
    this.#after(PATIENCE_MS, () => this.#over.resolve('hung'))
  }

  #lookAgain(): void {
    if (this.#wanted.stalls && this.read().answers.length > 0) this.#over.resolve('left')
    else if (!this.#wanted.whole) this.socket.end()
    else this.#after(200, () => this.#lookAgain())
  }

  #after(ms: number, act: () => void): void {
    if (this.#done) return
    this.#timers.push(setTimeout(act, ms))
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    // Most of a long answer: its end is looked for when it comes.
    if (this.#chunks.length > 8 && chunk.length > 16_000) return
    const { answers, rest } = this.read()
    if (!answers.at(-1)?.complete || rest > 0) return
    if (this.#wanted.several) this.#after(MORE_MS, () => this.#over.resolve('answered'))
    else setImmediate(() => this.#over.resolve('answered'))
  }

  read(): Pick<Outcome, 'answers' | 'bytes' | 'rest'> {
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks = [bytes]
    const answers: Answer[] = []
    let at = 0
    for (;;) {
      const found = answerIn(bytes.subarray(at), methodIn(this.#wanted.parts), true)
      if (!found) break
      at += found.length
      if (found.answer.status >= 200) answers.push(found.answer)
    }
    return { answers, bytes, rest: bytes.length - at }
  }
}

function methodIn([first = '']: readonly string[]): string {
  return /^(?:\r\n)*([^ ]*)/.exec(first)?.[1] ?? ''
}
