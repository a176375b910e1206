import { decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JWTPayload, ProtectedHeaderParameters } from 'jose'

import { AccessKeys } from './access_keys.ts'
import type { KeysDeps } from './access_keys.ts'
import type { AccessTeam } from './team.ts'

/** Nothing of a longer one is read. Access's own are some 1 KB. */
const MAX_TOKEN = 8192
/** How far the clock here and Access's may be apart, in seconds, for `exp` and `nbf`. */
const TOLERANCE_S = 30

/** JWS in compact form, RFC 7515 §3.1. A header sent twice arrives as `a, b`, and is none. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Headers that bring a key, change what is signed or ask for more than a check of the signature. */
const REFUSED_HEADERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'cty'] as const

/** Goes into the ledger and on to screens: one word, and nothing that cannot be seen. */
const NAME = /^[^\p{C}\p{Z}]{1,320}$/u

/** `reason` is for the operator's log; the one who asks is told nothing of it. */
export type Verified =
  | { readonly ok: true; readonly who: `access:${string}` }
  | { readonly ok: false; readonly reason: string }

/**
 * Checks what Cloudflare Access sends as `Cf-Access-Jwt-Assertion`: RS256 by a key of the team, for
 * one of our applications, from exactly this team, now.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
 * ("Validate JWTs"; the claims are on the page beside it, "Application token").
 */
export class AccessVerifier {
  readonly #team: AccessTeam
  readonly #now: () => number
  readonly #keys: AccessKeys

  constructor(team: AccessTeam, deps: KeysDeps) {
    this.#team = team
    this.#now = deps.now
    this.#keys = new AccessKeys(`${team.origin}/cdn-cgi/access/certs`, deps)
  }

  /**
   * Who it is: the e-mail address of a person, the client id of a service token (`common_name`), or
   * else `sub`. Never throws.
   */
  async verify(assertion: string): Promise<Verified> {
    if (assertion.length > MAX_TOKEN) return refused('too long')
    const kid = kidOf(assertion)
    if ('problem' in kid) return refused(kid.problem)
    const found = await this.#keys.find(kid.kid)
    if ('missing' in found) return refused(found.missing)
    try {
      const { payload } = await jwtVerify(assertion, found.key, {
        algorithms: ['RS256'],
        issuer: this.#team.origin,
        audience: [...this.#team.audiences],
        // Not `nbf`: service tokens have none. It is checked where it is.
        requiredClaims: ['exp'],
        clockTolerance: TOLERANCE_S,
        currentDate: new Date(this.#now()),
      })
      return whoIs(payload)
    } catch (error) {
      return refused(reasonOf(error))
    }
  }
}

function refused(reason: string): Verified {
  return { ok: false, reason }
}

/** The id of the key, if the header is one that Access would write. No signature is checked yet. */
function kidOf(assertion: string): { readonly kid: string } | { readonly problem: string } {
  if (!COMPACT.test(assertion)) return { problem: 'not a signed token' }
  const header = headerOf(assertion)
  if (!header) return { problem: 'the header cannot be read' }
  const { alg, typ = 'JWT', kid } = header
  if (alg !== 'RS256') return { problem: 'alg is not RS256' }
  const odd = REFUSED_HEADERS.find((name) => Object.hasOwn(header, name))
  if (odd !== undefined) return { problem: `the header has ${odd}` }
  if (typ !== 'JWT') return { problem: 'typ is not JWT' }
  return typeof kid === 'string' && kid !== '' ? { kid } : { problem: 'no kid' }
}

function headerOf(assertion: string): ProtectedHeaderParameters | null {
  try {
    return decodeProtectedHeader(assertion)
  } catch {
    return null
  }
}

function whoIs({ type = 'app', email, common_name, sub }: JWTPayload): Verified {
  // `org` is the token of the session with the team, for no application.
  if (type !== 'app') return refused('not a token of an application')
  const name = [email, common_name, sub].find((each) => typeof each === 'string' && each !== '')
  if (typeof name !== 'string' || !NAME.test(name)) return refused('it names nobody')
  return { ok: true, who: `access:${name}` }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'expired'
  // The claims that are asked for above; nothing that the token says.
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.claim}: ${error.reason}`
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the signature is wrong'
  return error instanceof errors.JOSEError ? error.code : 'the key cannot be used'
}
