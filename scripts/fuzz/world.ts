import { setTimeout as delay } from 'node:timers/promises'

import { head } from '../../test/socket/wire.ts'
import type { Answer } from '../../test/socket/wire.ts'
import { residentMiB } from '../bench/process-usage.ts'
import { build, serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { partsOf } from './case.ts'
import type { Call, Case } from './case.ts'
import { converse } from './client.ts'
import type { Outcome } from './client.ts'
import { ENV, makeProject, secretForms } from './fixture.ts'
import { makeGrants } from './grants.ts'
import { Lanes } from './lanes.ts'
import { Names } from './names.ts'
import { relayable, written } from './regular.ts'
import { trialOf } from './trial.ts'
import type { Trial } from './trial.ts'
import { HostileUpstream } from './upstream.ts'
import type { Script } from './upstream.ts'

/** As long as `{{id}}`, so that a length that was worked out without it is right with it. */
function idOf(number: number): string {
  return `f${number.toString(36).padStart(5, '0')}`
}

interface Paused {
  readonly paused: readonly { readonly scope: unknown }[]
}

/** The installation under test and its upstream, for as many cases as one likes. */
export class World {
  readonly #upstream = new HostileUpstream()
  readonly #lanes = new Lanes()
  #root = ''
  #served: Served | null = null
  #names = new Names()
  #calls = 0
  #read = 0
  /** The calls of the last case. */
  last: readonly Trial[] = []
  /** Every form of every secret, those that the run made included. */
  forms: readonly string[] = []

  /** @throws when it cannot be built or started. */
  async open(): Promise<void> {
    this.#root = makeProject(await this.#upstream.listen())
    await build({ root: this.#root })
    await this.start()
  }

  /** A new life of the worker, with nothing stored. */
  async start(): Promise<void> {
    await this.stop()
    const dataDir = `${this.#root}/data-${this.#calls}`
    this.#served = await serve({ root: this.#root, port: 0, dataDir, env: ENV, output: 'keep' })
    this.#read = 0
    this.#names = new Names()
    this.#lanes.reset()
    const tokens = await makeGrants((asking) => this.operate(asking), this.#names)
    this.forms = secretForms(tokens)
  }

  async stop(): Promise<void> {
    await this.#served?.stop(100)
    this.#served = null
  }

  async close(): Promise<void> {
    await this.stop()
    this.#upstream.close()
  }

  get upstream(): HostileUpstream {
    return this.#upstream
  }

  /** MiB. */
  get memory(): number {
    return this.#served ? (residentMiB(this.#served.pid) ?? 0) : 0
  }

  /** What the console got since this was last asked. */
  printed(): string {
    const whole = this.#served?.output() ?? ''
    const news = whole.slice(this.#read)
    this.#read = whole.length
    return news
  }

  /** Asks as the operator. */
  async operate({
    line,
    body,
  }: {
    readonly line: string
    readonly body?: unknown
  }): Promise<string> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const lines = [
      `${line} HTTP/1.1`,
      'Host: fuzz.test',
      `Authorization: Bearer ${ENV['OUTPOST_ADMIN_TOKEN'] ?? ''}`,
      'Content-Type: application/json',
      `Content-Length: ${text.length}`,
    ]
    const answer = await this.#ask(head(...lines) + text)
    return answer?.body.toString() ?? ''
  }

  /** Takes back whatever cases have paused. */
  async resume(): Promise<void> {
    // Whichever scope is resumed, the answer names those that are left.
    const said = await this.operate({ line: 'POST /_outpost/resume', body: { provider: 'plain' } })
    for (const { scope } of (JSON.parse(said) as Paused).paused) {
      // oxlint-disable-next-line no-await-in-loop -- they are few
      await this.operate({ line: 'POST /_outpost/resume', body: scope })
    }
  }

  /** Whether it answers, and forwards a plain good call. null: it does; else what is wrong. */
  async unwell(): Promise<string | null> {
    const lines = ['Host: fuzz.test', `X-Outpost-Auth: ${ENV['AGENT_KEY'] ?? ''}`]
    const health = await this.#ask(head('GET /healthz HTTP/1.1', ...lines))
    if (health?.status !== 200) return `/healthz: ${health?.status ?? 'no answer'}`
    const good = head('GET /p/plain/good HTTP/1.1', ...lines)
    for (let tries = 0; tries < 5; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop -- a busy machine gets more than one chance
      const answer = await this.#ask(good)
      if (answer?.status === 200 && answer.body.toString() === 'mark-f00000') return null
      // oxlint-disable-next-line no-await-in-loop -- the same
      await delay(300)
    }
    return 'a plain good call is not answered as it should be'
  }

  /** Runs a case: all its calls, and what the upstream got of them. */
  async run(tried: Case): Promise<readonly Trial[]> {
    const trials = await Promise.all(tried.calls.map((call) => this.#trial(call)))
    for (const { id } of trials) this.#upstream.end(id)
    for (const { outcome } of trials) this.#learn(outcome)
    this.last = trials
    return trials
  }

  async #trial(call: Call): Promise<Trial> {
    const id = idOf((this.#calls += 1))
    const lane = await this.#lanes.enter(call)
    try {
      const own = { id, ...(lane && { [`lane:${lane.kind}`]: lane.name }) }
      const fill = this.#names.filler(own)
      const parts = partsOf(call, fill)
      const script: Script = { ...call, fill, lane: lane?.name ?? null, arrivals: [], minted: [] }
      this.#upstream.begin(id, script)
      if (call.starts > 0) await delay(call.starts)
      const wanted = {
        from: call.from,
        whole: written(parts)?.complete === true,
        parts,
        leaves: call.leaves,
        several: call.edits.length > 0 || parts.slice(1).some((part) => part.includes(' HTTP/1.')),
        stalls: !call.replies.every((reply) => relayable(reply)),
      }
      const outcome = await converse(this.#port, wanted)
      return trialOf({ id, call, parts, outcome, script })
    } finally {
      lane?.leave()
    }
  }

  /** Ids that later cases may ask for. */
  #learn({ answers }: Outcome): void {
    for (const { status, body } of answers) {
      const text = status < 300 || status === 403 ? body.toString('latin1', 0, 4000) : ''
      const [, approval] = /"approval_id":"(ap_\w+)"/.exec(text) ?? []
      if (approval !== undefined) this.#names.set('some:approval', approval)
      const [, grant] = /"grant":\{"id":"(gr_\w+)"/.exec(text) ?? []
      if (grant !== undefined) this.#names.set('some:grant', grant)
    }
  }

  async #ask(request: string): Promise<Answer | undefined> {
    const call = { from: '127.0.0.1', parts: [request], leaves: null, several: false }
    const { answers } = await converse(this.#port, { ...call, whole: true, stalls: false })
    return answers[0]
  }

  get #port(): number {
    if (!this.#served) throw new Error('the worker is not running')
    return Number(new URL(this.#served.url).port)
  }
}
