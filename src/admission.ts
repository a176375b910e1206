import type { Provider } from './catalog.ts'
import type { Grant } from './grants/grant.ts'
import type { Window } from './limits/bucket.ts'
import type { KnownCooldowns } from './limits/cooldowns.ts'
import { cooldownOf } from './limits/ledger.ts'
import type { Ask, Verdict } from './limits/ledger.ts'
import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'

/** The limiter of one provider and category, wherever in the world it lives. */
export interface LimiterStub {
  readonly take: (ask: Ask) => Promise<Verdict>
  readonly leave: (turn: number) => Promise<void>
  readonly cool: (wait_ms: number) => Promise<number>
  readonly cooldownUntil: () => Promise<number>
  /** A call that was admitted for that turn counts no longer; null: `leave` has its turn. */
  readonly refund: (turn: number | null) => Promise<void>
}

export interface Admitting {
  readonly settings: Settings
  readonly now: () => number
  /** Lets work go on after the answer, and after the agent has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly limiterOf: (provider: Provider, category: string) => LimiterStub
  /** The limits and the quota of one grant. */
  readonly grantLimiterOf: (grant: Grant) => LimiterStub
  readonly cooldowns: KnownCooldowns
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map()

/** The windows that count a category: its own, else those of `default`, else none. */
export function windowsOf({ forwarding }: Provider, category: string): Counted {
  const { rate_limits } = forwarding
  for (const name of [category, 'default']) {
    if (Object.hasOwn(rate_limits, name)) return { name, windows: rate_limits[name] ?? [] }
  }
  return { name: category, windows: [] }
}

export interface Counted {
  readonly name: string
  readonly windows: readonly Window[]
}

/** A call that every limit has let in. */
export interface Admitted {
  /** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). */
  readonly headers: ReadonlyMap<string, string>
  /** The call was refused after all: nothing is charged for it. */
  readonly refund: () => void
}

/**
 * Lets a permitted call in when its grant's limits and every window of its category admit it,
 * waiting for its turn where that comes soon enough.
 * @throws Refusal 429 over a limit, in a cooldown, and where a limiter cannot be asked; 403 when the
 * grant's calls are used up.
 */
export async function admit(permit: Permit, deps: Admitting): Promise<Admitted> {
  const { grant } = permit.caller
  if (!grant || (grant.max_calls === null && grant.rate_limits.length === 0)) {
    return admitCategory(permit, deps)
  }
  const limiter = deps.grantLimiterOf(grant)
  const ask = { windows: grant.rate_limits, quota: grant.max_calls }
  const own = await takeTurn(limiter, { ...ask, patience: patienceOf(permit, deps) }, permit, deps)
  const refund = refunding(limiter, own, deps)
  try {
    const shared = await admitCategory(permit, deps)
    return {
      headers: shared.headers.size > 0 ? shared.headers : rateLimitHeaders(own),
      refund: () => (refund(), shared.refund()),
    }
  } catch (error) {
    refund()
    throw error
  }
}

async function admitCategory(permit: Permit, deps: Admitting): Promise<Admitted> {
  const { provider, category } = permit
  const { name, windows } = windowsOf(provider, category)
  if (windows.length === 0) {
    await askForCooldown(provider, name, deps)
    checkKnownCooldown(provider, name, deps)
    return { headers: NO_HEADERS, refund: () => {} }
  }
  const ask = { windows, patience: patienceOf(permit, deps) }
  const limiter = deps.limiterOf(provider, name)
  const verdict = await takeTurn(limiter, ask, permit, deps)
  if (verdict.wait_ms > 0) checkKnownCooldown(provider, name, deps)
  return { headers: rateLimitHeaders(verdict), refund: refunding(limiter, verdict, deps) }
}

function refunding(limiter: LimiterStub, { turn: had }: Turn, deps: Admitting): () => void {
  return () => deps.waitUntil(limiter.refund(had).catch(() => {}))
}

function patienceOf({ provider }: Permit, { settings }: Admitting): number {
  return provider.forwarding.queue_timeout_ms ?? settings.queueTimeoutMs
}

type Turn = Extract<Verdict, { admitted: true }>

/** Asks for a turn, and waits until it comes. */
async function takeTurn(
  limiter: LimiterStub,
  ask: Ask,
  { call }: Permit,
  deps: Admitting,
): Promise<Turn> {
  const verdict = await limiter.take(ask).catch(cannotAsk)
  if (!verdict.admitted) throw notAdmitted(verdict)
  const { wait_ms, turn: moment } = verdict
  if (wait_ms > 0) {
    const leave = (): void => {
      deps.waitUntil(limiter.leave(moment).catch(() => {}))
      if ((ask.quota ?? null) !== null) deps.waitUntil(limiter.refund(null).catch(() => {}))
    }
    await turn(wait_ms, call.request.signal, leave)
  }
  return verdict
}

function notAdmitted(verdict: Extract<Verdict, { admitted: false }>): Refusal {
  if (verdict.because === 'quota') {
    return new Refusal('PROXY_GRANT_DENIED', 'the calls of this grant are used up', {
      reason: 'max_calls',
    })
  }
  return limited(verdict.retry_ms, verdict.because, rateLimitHeaders(verdict))
}

/**
 * Tells the limiter of an upstream's 429, so that nobody else runs into it: `Retry-After` in seconds
 * or as an HTTP date (RFC 9110 §10.2.3), one second where it says nothing.
 */
export function coolDown(permit: Permit, upstream: Response, deps: Admitting): void {
  if (upstream.status !== 429) return
  const { name } = windowsOf(permit.provider, permit.category)
  const wait = cooldownOf(retryAfterMs(upstream.headers.get('retry-after'), deps.now()))
  const told = deps.limiterOf(permit.provider, name).cool(wait)
  deps.cooldowns.learn(keyOf(permit.provider, name), deps.now() + wait)
  deps.waitUntil(
    told.then(
      (until) => deps.cooldowns.learn(keyOf(permit.provider, name), until),
      () => {},
    ),
  )
}

/** All three forms begin with the day of the week: RFC 9110 §5.6.7. */
const HTTP_DATE = /^\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

/** Milliseconds; 1000 for a header that is missing or says nothing that can be understood. */
export function retryAfterMs(header: string | null, now: number): number {
  if (header === null) return 1000
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(header)) return Number(header) * 1000
  const date = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(date) ? 1000 : Math.max(0, date - now)
}

/** What this isolate knows of a cooldown that began since, or that nothing else looks at, decides. */
function checkKnownCooldown(provider: Provider, name: string, deps: Admitting): void {
  const left = deps.cooldowns.until(keyOf(provider, name)) - deps.now()
  if (left > 0) throw limited(left, 'cooldown')
}

/**
 * A category that nothing counts learns of a cooldown by asking: the first call of an isolate waits
 * for the answer, later ones ask beside their work.
 */
async function askForCooldown(provider: Provider, name: string, deps: Admitting): Promise<void> {
  const key = keyOf(provider, name)
  const { cooldowns } = deps
  const ask = async (): Promise<void> => {
    cooldowns.learn(key, await deps.limiterOf(provider, name).cooldownUntil())
  }
  // Each call asks by itself: a promise of another request's may never settle.
  if (cooldowns.unheard(key)) await ask().catch(cannotAsk)
  else if (cooldowns.due(key, deps.now())) deps.waitUntil(ask().catch(() => {}))
}

function cannotAsk(cause: unknown): never {
  throw limited(1000, 'the limiter cannot be asked', NO_HEADERS, cause)
}

function keyOf(provider: Provider, name: string): string {
  return `${provider.name} ${name}`
}

/** Waits, unless the caller goes away first: then its turn is given back. */
async function turn(wait: number, signal: AbortSignal, giveBack: () => void): Promise<void> {
  const left = await new Promise<boolean>((resolve) => {
    if (signal.aborted) return resolve(true)
    const timer = setTimeout(() => resolve(false), wait)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve(true)), { once: true })
  })
  if (!left) return
  giveBack()
  throw new Refusal('PROXY_BAD_REQUEST', 'the caller went away', { reason: 'left the queue' })
}

function limited(
  wait: number,
  reason: string,
  headers: ReadonlyMap<string, string> = NO_HEADERS,
  cause?: unknown,
): Refusal {
  return new Refusal('PROXY_RATE_LIMITED', 'too many calls', {
    metadata: { retry_after: Math.round(wait) / 1000 },
    headers: {
      ...Object.fromEntries(headers),
      'retry-after': String(Math.max(1, Math.ceil(wait / 1000))),
    },
    reason,
    cause,
  })
}

/** One policy and one state per window, named after its length: `"60s";q=500;w=60`. */
function rateLimitHeaders({ levels }: Verdict): ReadonlyMap<string, string> {
  if (levels.length === 0) return NO_HEADERS
  const names = levels.map(({ window_ms }) => `"${window_ms / 1000}s"`)
  const policy = levels.map(
    ({ capacity, window_ms }, index) =>
      `${names[index]};q=${capacity};w=${Math.ceil(window_ms / 1000)}`,
  )
  const state = levels.map(
    ({ remaining, reset_ms }, index) =>
      `${names[index]};r=${remaining};t=${Math.ceil(reset_ms / 1000)}`,
  )
  return new Map([
    ['ratelimit-policy', policy.join(', ')],
    ['ratelimit', state.join(', ')],
  ])
}
