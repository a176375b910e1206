import { setTimeout as delay } from 'node:timers/promises'

import type { Lives } from '../checks/lives.ts'
import type { Desk, Given } from '../crash/audit-desk.ts'
import type { Evidence } from '../crash/evidence.ts'
import type { Passed } from '../crash/intervals.ts'
import { isOpen } from './calls.ts'
import type { Calls, Expected, Method } from './calls.ts'
import type { Client, Ending, Sending } from './client.ts'
import { as, isOwn, wrongWith } from './judge.ts'
import type { Lag } from './lag.ts'
import type { TokenServer } from './oauth.ts'
import type { Play } from './plays.ts'
import type { Random } from './random.ts'
import { secretsIn } from './sentinels.ts'

export const TENANTS = ['red', 'green', 'blue']

/** Of calls without a grant. */
export const NOBODYS = 'default'

/** For what would disturb the others: its agent and the tenant itself are paused at times. */
export const PAUSED = 'amber'

/** How long the upstream's side of a call may stay open when its client has left, ms. */
const CLOSED_WITHIN_MS = 20_000

/** An upstream that begins so much later than the call was sent, or a process that is, is late, ms. */
const LATE_MS = 500

/** Longest wait between two calls of one story, ms. */
const MOMENT_MS = 60

/** Who calls: a grant, or the key of this machine. */
export interface Caller {
  readonly tenant: string
  readonly token: string
}

export interface Agents {
  /** One of each tenant for all that may be called, and one that may only read. */
  readonly writers: readonly Caller[]
  readonly readers: readonly Caller[]
  readonly host: Caller
}

export interface Parts {
  readonly lives: Lives
  readonly calls: Calls
  readonly client: Client
  readonly desk: Desk
  readonly evidence: Evidence
  readonly oauth: TokenServer
  readonly block: Buffer
  readonly agents: Agents
  readonly lag: Lag
  /** Calls that the provider `limited` let through. */
  readonly passed: Passed[]
  /** Answers that may be kept: Unix ms at which the first one who asked had it. */
  readonly firsts: Map<string, number>
  /** Names of stories that go on, of which there may be only one at a time. */
  readonly alone: Set<string>
}

/** How a call is made, beside what it is. */
export interface Way {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly parts?: number
  readonly patience_ms?: number
  readonly resets?: boolean
  readonly hung_ms?: number
  readonly query?: string
}

/** What one story works with: everything, and chance of its own. */
export class World {
  readonly lives: Lives
  readonly calls: Calls
  readonly client: Client
  readonly desk: Desk
  readonly evidence: Evidence
  readonly oauth: TokenServer
  readonly block: Buffer
  readonly agents: Agents
  readonly passed: Passed[]
  readonly firsts: Map<string, number>
  readonly random: Random
  readonly #parts: Parts

  constructor(parts: Parts, random: Random) {
    this.#parts = parts
    this.lives = parts.lives
    this.calls = parts.calls
    this.client = parts.client
    this.desk = parts.desk
    this.evidence = parts.evidence
    this.oauth = parts.oauth
    this.block = parts.block
    this.agents = parts.agents
    this.passed = parts.passed
    this.firsts = parts.firsts
    this.random = random
  }

  /** The same for another story. */
  fork(): World {
    return new World(this.#parts, this.random.fork())
  }

  /** What the upstream answers to a call of one play, made once. */
  expect(
    kind: string,
    what: { readonly provider: string; readonly method: Method; readonly by: Caller },
    answer: Expected['answer'],
  ): Expected {
    const { provider, method, by } = what
    return this.calls.expect(kind, { provider, method, tenant: by.tenant, answer })
  }

  /** Sends one call, whatever may come of it. */
  async send(expected: Expected, by: Caller, way: Way = {}): Promise<Ending> {
    const { provider, method, path } = expected
    const { headers, query = '', body, ...rest } = way
    expected.calls += 1
    const ending = await this.client.send({
      method,
      path: `${path}${query}`,
      headers: { 'x-provider': provider, 'x-outpost-auth': by.token, ...headers },
      ...(method === 'POST' && { body: body ?? Buffer.alloc(0) }),
      ...rest,
    })
    const { how, status, life, ended } = ending
    if (how === 'whole' && ending.headers['x-proxy-error'] === undefined) {
      const { tenant, arrivals } = expected
      this.calls.made.push({ tenant, path, method, life, arrivals, answered: ended, status })
    }
    return ending
  }

  /** Sends one call that has to go through, and looks at what comes of it. */
  async call(expected: Expected, play: Play, by: Caller, way: Way = {}): Promise<Ending> {
    const ending = await this.send(expected, by, way)
    this.judge(ending, expected, play)
    const noticed = way.resets === true || play.name !== 'stalled body'
    if (ending.how !== 'left' || ending.killed || !noticed) return ending
    const how = way.resets === true ? 'with a reset' : 'and closed its side'
    await this.#isClosed(expected, `${play.name}, ${how}`)
    return ending
  }

  /** Looks at the ending of one call that had to go through. */
  judge(ending: Ending, expected: Expected, play: Play): void {
    const { path, method, arrivals, calls, each } = expected
    const late = this.#wasLate(ending, expected)
    const wrong = wrongWith(ending, { play, path, block: this.block, late })
    const said = `${method} ${path} (${play.name}, ${play.status})`
    if (wrong !== null) this.evidence.add(`${said}: ${wrong}`)
    if (arrivals > calls * each) {
      this.evidence.add(`${said}: ${calls} calls, forwarded ${arrivals} times`)
    }
  }

  /** Has to be refused with this, and may not be forwarded from now on. */
  async refused(expected: Expected, by: Caller, code: string, why: string): Promise<void> {
    expected.forbidden = why
    const ending = await this.send(expected, by)
    const { killed, how } = ending
    if (killed && how !== 'whole') return
    if (ending.headers['x-proxy-error'] !== code) {
      this.evidence.add(`${expected.method} ${expected.path}: ${as(ending)}, ${why}`)
    }
  }

  /** Plays a story unless one of that name goes on. */
  async alone(name: string, story: () => Promise<void>): Promise<void> {
    const names = this.#parts.alone
    if (names.has(name)) return
    names.add(name)
    try {
      await story()
    } finally {
      names.delete(name)
    }
  }

  moment(): Promise<void> {
    return delay(this.random.next() * MOMENT_MS)
  }

  /** A time-out because the upstream had not its turn on this machine. */
  isLate(ending: Ending, expected: Expected): boolean {
    return isOwn(ending, 504, 'PROXY_UPSTREAM_TIMEOUT') && this.#wasLate(ending, expected)
  }

  #wasLate({ sent }: Ending, { begun }: Expected): boolean {
    const lag = this.#parts.lag.since(sent)
    // Before it was sent: of an earlier call of the same.
    const waited = begun === null || begun < sent ? Infinity : begun - sent
    return Math.max(waited, lag) > LATE_MS
  }

  async #isClosed(expected: Expected, how: string): Promise<void> {
    const until = Date.now() + CLOSED_WITHIN_MS
    while (isOpen(expected) && Date.now() < until) await delay(50)
    const { life } = this.lives
    if (isOpen(expected) && this.lives.isAlive(life)) {
      this.evidence.add(
        `${expected.path} (${how}): its client has left, and the upstream's side is open`,
      )
    }
  }
}

/** Looks at every answer, whatever it is to: no secret, no 500 of our own, no hanging. */
export function watching(evidence: Evidence): (ending: Ending, sent: Sending) => void {
  return (ending, { method, path }) => {
    const { how, status, headers, text } = ending
    const where = `${method} ${path}`
    if (how === 'hung') evidence.add(`${where}: hangs`)
    const isOperators = path.startsWith('/_outpost/')
    for (const secret of secretsIn(`${JSON.stringify(headers)} ${text}`)) {
      const isNewToken = isOperators && method === 'POST' && secret === 'a token of a grant'
      if (!isNewToken) evidence.add(`${where}: ${secret} in the answer`)
    }
    const isUpstreams = headers['x-arrival'] !== undefined
    if (status === 500 && !isUpstreams) evidence.add(`${where}: 500 of Outpost's own`)
    const wrong = isOperators ? wrongForOperator(ending) : null
    if (wrong !== null) evidence.add(`${where}: ${wrong}`)
  }
}

function wrongForOperator(ending: Ending): string | null {
  const { how, status, killed } = ending
  if (killed || how === 'left') return null
  if (how !== 'whole') return `${how}, and the process lives`
  return status >= 500 ? as(ending) : null
}

/** A grant as a caller. */
export function callerOf(tenant: string, { token }: Given): Caller {
  return { tenant, token }
}

/** What a grant of the soak is for, where nothing else is said. */
export function everywhere(access: 'read' | 'write'): Readonly<Record<string, unknown>> {
  const providers = ['plain', 'basic', 'limited', 'throttled', 'cached', 'minted', 'stored']
  return { providers: providers.map((provider) => ({ provider, access })), agent: 'soak' }
}
