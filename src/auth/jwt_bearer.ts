import { reveal } from '../secret.ts'
import type { JwtBearerAuth } from './config.ts'
import { placeHeaders } from './credential.ts'
import { signedJwt } from './jwt.ts'
import type { JwtParts } from './jwt.ts'
import { keptJwt } from './kept_jwt.ts'
import type { Credentials, Scheme } from './scheme.ts'
import { filledMap, refsAmong, refsIn, textOf } from './setting.ts'

/**
 * A JWT that is signed here with a key that never leaves, and is itself the credential: App Store
 * Connect (https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests),
 * Snowflake (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating), and their like.
 * It serves until it is near its end. One with a `jti` serves one call: who wants a `jti` remembers
 * those that it has seen (RFC 7519 §4.1.7).
 */
export const jwtBearer: Scheme<JwtBearerAuth> = {
  secrets: ({ key, kid, claims }) => [key, ...refsAmong(kid), ...refsIn({ of: claims })],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials, now) => {
    const key = credentials.open(auth.key)
    const parts = partsOf(auth, credentials)
    const make = () => signedJwt(reveal(key), stamped(parts, auth, now))
    const name = auth.jti ? crypto.randomUUID() : JSON.stringify([parts, auth.lifetime])
    const lasts = (auth.lifetime + (auth.iat ?? 0)) * 1000
    const jwt = credentials.made(await keptJwt(key, { name, now, lasts, make }))
    placeHeaders(draft.headers, [[auth.header, auth.prefix + reveal(jwt)]])
  },
}

function partsOf({ alg, kid, typ, claims }: JwtBearerAuth, credentials: Credentials): JwtParts {
  return {
    alg,
    kid: kid === null ? null : textOf(kid, credentials),
    typ,
    claims: filledMap(claims, credentials),
  }
}

/** The same with the times of now. */
function stamped(parts: JwtParts, { lifetime, iat, nbf, jti }: JwtBearerAuth, now: number) {
  const seconds = Math.floor(now / 1000)
  const claims = {
    ...parts.claims,
    ...(iat !== null && { iat: seconds + iat }),
    ...(nbf !== null && { nbf: seconds + nbf }),
    exp: seconds + (iat ?? 0) + lifetime,
    ...(jti && { jti: crypto.randomUUID() }),
  }
  return { ...parts, claims }
}
