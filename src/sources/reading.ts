import { SourceError } from './backend.ts'
import type { Reading, Session, SourceAnswer } from './backend.ts'

/** The status of whoever sent no token, a wrong one, or one that may not. */
const REFUSED: readonly number[] = [401, 403]
const GONE: readonly number[] = [404, 410]
const LATER: readonly number[] = [408, 425, 429]

/**
 * The address of a backend, an origin and maybe a path, without a slash at its end.
 * @throws SourceError 'unconfigured'
 */
export function addressOf(reading: Reading, name: string, otherwise?: string): string {
  const text = reading.setting(name) ?? otherwise
  if (text === undefined) throw new SourceError('unconfigured', { why: `${name} is not set` })
  const url = URL.parse(text)
  const plain =
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    !/[?#%]/.test(text)
  if (!plain) throw new SourceError('unconfigured', { why: `${name} is no plain http(s) address` })
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/**
 * A setting that goes into a header, such as a token: visible ASCII.
 * @throws SourceError 'unconfigured'
 */
export function headerOf(reading: Reading, name: string): string {
  const text = reading.setting(name)
  if (text === null) throw new SourceError('unconfigured', { why: `${name} is not set` })
  if (!isToken(text)) {
    throw new SourceError('unconfigured', { why: `${name} has a character that no token has` })
  }
  return text
}

/** Whether a header can carry it. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

/**
 * The JSON of an answer with status 200.
 * @throws SourceError what another status means, or 'malformed' when it is not JSON.
 */
export function contentOf({ status, json }: SourceAnswer): unknown {
  if (REFUSED.includes(status)) throw new SourceError('denied')
  if (GONE.includes(status)) throw new SourceError('missing')
  if (LATER.includes(status) || status >= 500) throw new SourceError('busy')
  if (status !== 200) throw new SourceError('malformed', { why: `status ${status}` })
  if (json === undefined) throw new SourceError('malformed', { why: 'not JSON' })
  return json
}

/** What is at a path in JSON; undefined where there is no such key of the object's own. */
export function at(json: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    json,
  )
}

/** What every right answer has. @throws SourceError 'malformed' */
export function given(value: unknown): unknown {
  if (value === undefined) throw new SourceError('malformed')
  return value
}

/**
 * A secret's text. Absent, null and empty are one: there is no value.
 * @throws SourceError 'missing', or 'malformed' when it is something else than text.
 */
export function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') throw new SourceError('missing')
  if (typeof value !== 'string') throw new SourceError('malformed', { why: 'not text' })
  return value
}

/** What a login answered, as a session that ends a little before the token does. */
export function sessionOf(token: unknown, seconds: unknown, now: number): Session {
  if (typeof token !== 'string' || !isToken(token)) throw new SourceError('malformed')
  if (typeof seconds !== 'number' || !(seconds >= 0)) throw new SourceError('malformed')
  return { token, until: now + (seconds - Math.min(60, seconds / 10)) * 1000 }
}

export interface Login {
  /** What the session is held under. */
  readonly name: string
  /** A new token. @throws SourceError */
  readonly begin: () => Promise<Session>
}

/**
 * Asks with the token of a login: the one that is held, or a new one. A held token that is refused
 * may have expired, so that one new login is tried.
 * @throws SourceError of `begin` or `ask`
 */
export async function withLogin(
  { name, begin }: Login,
  { sessions, now }: Reading,
  ask: (token: string) => Promise<SourceAnswer>,
): Promise<SourceAnswer> {
  const held = sessions.get(name)
  if (held && held.until > now) {
    const answer = await ask(held.token)
    if (!REFUSED.includes(answer.status)) return answer
    // Another read may have replaced it while this one waited.
    if (sessions.get(name) === held) sessions.delete(name)
  }
  const newer = sessions.get(name)
  const session = newer && newer !== held && newer.until > now ? newer : await begin()
  sessions.set(name, session)
  return ask(session.token)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
