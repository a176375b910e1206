import { env } from 'cloudflare:workers'
import { base64url, exportJWK, generateKeyPair } from 'jose'
import type { JWK, JWTPayload } from 'jose'

import { AccessVerifier } from '../../src/control/access.ts'
import type { KeysDeps } from '../../src/control/access_keys.ts'
import type { TeamAnswer, TeamAsked } from './endpoint.ts'

export const NOW = Date.UTC(2026, 10, 22, 10)
export const AUDIENCE = 'f3a1c5'.padEnd(64, '0')

/** A pair of keys, and the public one as Access publishes it. */
export interface TeamKey {
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function aKey(kid: string, alg = 'RS256'): Promise<TeamKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
  }
}

/** A team on loopback, with an endpoint that says what a test wants. */
export class Team {
  readonly url: string
  readonly #desk: string

  constructor(url: string) {
    this.url = url
    this.#desk = `${env['ACCESS']}/teams/${new URL(url).port}`
  }

  async answers(answer: TeamAnswer): Promise<void> {
    await fetch(this.#desk, { method: 'PUT', body: JSON.stringify(answer) })
  }

  async publishes(...keys: readonly JWK[]): Promise<void> {
    await this.answers({ body: JSON.stringify({ keys, public_cert: {}, public_certs: [] }) })
  }

  async asked(): Promise<TeamAsked> {
    return (await fetch(this.#desk)).json()
  }

  /** Nobody listens on its port any more. */
  async goesDown(): Promise<void> {
    await fetch(this.#desk, { method: 'DELETE' })
  }
}

/** A team that publishes these keys. */
export async function aTeam(...keys: readonly JWK[]): Promise<Team> {
  const { url } = await (await fetch(`${env['ACCESS']}/teams`, { method: 'POST' })).json<Team>()
  const team = new Team(url)
  await team.publishes(...keys)
  return team
}

/** A verifier as one isolate has it, with a clock that a test sets. */
export function aVerifier(team: Team, over: Partial<KeysDeps> = {}) {
  const clock = { now: NOW }
  const verifier = new AccessVerifier(
    { origin: team.url, audiences: ['another', AUDIENCE] },
    {
      now: () => clock.now,
      send: (request, signal) => fetch(request, { signal }),
      waitUntil: () => {},
      ...over,
    },
  )
  return { clock, verify: (assertion: string) => verifier.verify(assertion) }
}

/** What Access puts into a person's token; the names are sentinels. */
export function claims(team: Team, now: number): JWTPayload {
  const seconds = Math.floor(now / 1000)
  return {
    aud: [AUDIENCE],
    email: 'sentinel-mail@example.com',
    exp: seconds + 60,
    iat: seconds,
    nbf: seconds,
    iss: team.url,
    type: 'app',
    identity_nonce: 'sentinel-nonce',
    sub: 'sentinel-sub-7335d417',
    country: 'DE',
  }
}

/** A token in Access's form, but for what is said otherwise: whatever a signer would let nobody sign. */
export async function signed(
  { kid, privateKey }: Pick<TeamKey, 'kid' | 'privateKey'>,
  payload: unknown,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const parts = [{ alg: 'RS256', kid, typ: 'JWT', ...header }, payload]
  const input = parts.map((each) => base64url.encode(JSON.stringify(each))).join('.')
  const bytes = new TextEncoder().encode(input)
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, bytes)
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}
