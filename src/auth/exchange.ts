import { textsAt } from '../json_path.ts'
import { reveal } from '../secret.ts'
import type { ExchangeAuth, NamedSetting } from './config.ts'
import { placeHeaders } from './credential.ts'
import { momentOf, secondsOf, usable } from './lifetime.ts'
import type { Credentials, EndpointAnswer, Mint, MintRecipe, Scheme } from './scheme.ts'
import { filled, refsIn, refsOfNamed, textOf } from './setting.ts'
import { MALFORMED, TOKEN } from './token_request.ts'

/**
 * Logs in with one request and uses what came back, for APIs whose own way of logging in is none of
 * the standards.
 */
export const exchange: Scheme<ExchangeAuth> = {
  mints: true,
  secrets: ({ headers, body }) => [...refsOfNamed(headers), ...refsInBody(body)],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials) => {
    const token = reveal(await credentials.minted(recipeOf(auth, credentials)))
    placeHeaders(draft.headers, [[auth.header, auth.prefix + token]])
  },
}

function refsInBody(body: ExchangeAuth['body']) {
  if (body === null) return []
  return 'json' in body ? refsIn(body.json) : refsOfNamed(body.form)
}

function recipeOf(auth: ExchangeAuth, credentials: Credentials): MintRecipe {
  const { type, url, method, token, expires_in, expires_at } = auth
  const fixed = [type, url, method, token, expires_in ?? '', expires_at ?? '']
  return {
    identity: () => {
      const { headers, body } = loginOf(auth, credentials)
      return [...fixed, JSON.stringify(headers), body ?? '']
    },
    mint: async (ask, now) => {
      const { headers, body } = loginOf(auth, credentials)
      const request = new Request(url, { method, headers: headersOf(headers), body })
      return readLogin(await ask(request), auth, now)
    },
  }
}

type Pairs = readonly (readonly [string, string])[]

interface Login {
  readonly headers: Pairs
  readonly body: string | null
}

function loginOf({ headers, body }: ExchangeAuth, credentials: Credentials): Login {
  const own = [['Accept', 'application/json'] as const, ...named(headers, credentials)]
  if (body === null) return { headers: own, body: null }
  if ('json' in body) {
    return {
      headers: [['Content-Type', 'application/json'], ...own],
      body: JSON.stringify(filled(body.json, credentials)),
    }
  }
  return {
    headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...own],
    body: new URLSearchParams(named(body.form, credentials)).toString(),
  }
}

function named(settings: readonly NamedSetting[], credentials: Credentials): [string, string][] {
  return settings.map(({ name, value }) => [name, textOf(value, credentials)])
}

/** @throws UnfitSecret for what a header cannot hold. */
function headersOf(pairs: Pairs): Headers {
  const headers = new Headers()
  placeHeaders(headers, pairs)
  return headers
}

function readLogin({ status, json }: EndpointAnswer, auth: ExchangeAuth, now: number): Mint {
  if (status < 200 || status > 299) return { failed: `HTTP ${status}`, final: false }
  const [token] = textsAt(json, auth.token)
  if (token === undefined || !TOKEN.test(token)) return MALFORMED
  return { token, until: now + usable(lastsOf(json, auth, now)), refresh: null }
}

/** Milliseconds. What the answer does not say, or not so that it can be read, is the fallback's. */
function lastsOf(json: unknown, auth: ExchangeAuth, now: number): number {
  const [seconds] = auth.expires_in === null ? [] : textsAt(json, auth.expires_in)
  const [at] = auth.expires_at === null ? [] : textsAt(json, auth.expires_at)
  const lasts = secondsOf(seconds)
  const ends = momentOf(at)
  if (lasts !== null) return lasts * 1000
  return ends === null ? auth.ttl_fallback * 1000 : ends - now
}
