import { SignJWT } from 'jose'

import { UnfitSecret } from '../secret.ts'
import type { JwtAlg } from './config.ts'
import { signingKey } from './private_key.ts'

export interface JwtParts {
  readonly alg: JwtAlg
  /** null: the header has none. */
  readonly kid: string | null
  readonly typ: string | null
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * A JWT in its compact form (RFC 7519) with these claims and no others.
 * @throws UnfitSecret, without a word of the key, when it cannot sign.
 */
export async function signedJwt(
  privateKey: string,
  { alg, kid, typ, claims }: JwtParts,
): Promise<string> {
  const key = await signingKey(privateKey, alg)
  const header = { alg, ...(typ !== null && { typ }), ...(kid !== null && { kid }) }
  return new SignJWT({ ...claims })
    .setProtectedHeader(header)
    .sign(key)
    .catch(() => {
      // An RSA key of less than 2048 bits, which RFC 7518 §3.3 forbids.
      throw new UnfitSecret(`the private key cannot sign with ${alg}: is it long enough?`)
    })
}
