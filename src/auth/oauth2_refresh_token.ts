import { reveal } from '../secret.ts'
import type { RefreshTokenAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Credentials, MintRecipe, Scheme } from './scheme.ts'
import { readTokenAnswer, tokenRequest } from './token_request.ts'

/**
 * RFC 6749 §6: access tokens on behalf of a person who consented once. Where the server rotates
 * refresh tokens (RFC 9700 §4.14.2), the newest one is kept, and the configured one was the first.
 */
export const refreshToken: Scheme<RefreshTokenAuth> = {
  mints: true,
  secrets: ({ client_id, client_secret, refresh_token }) => [
    client_id,
    ...(client_secret ? [client_secret] : []),
    refresh_token,
  ],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials) => {
    const token = reveal(await credentials.minted(recipeOf(auth, credentials)))
    placeHeaders(draft.headers, [[auth.header, auth.prefix + token]])
  },
}

function recipeOf(auth: RefreshTokenAuth, credentials: Credentials): MintRecipe {
  const { type, token_url, client_auth, scope, redis_key, client_secret } = auth
  const id = () => opened(auth.client_id, credentials)
  const first = () => opened(auth.refresh_token, credentials)
  return {
    // Without the client's secret: a new one must not cost the refresh token that was rotated to.
    identity: () => [type, token_url, scope ?? '', redis_key ?? '', id(), first()],
    mint: async (ask, now, newest) => {
      const secret = client_secret && opened(client_secret, credentials)
      const client = { id: id(), secret, by: client_auth }
      const refresh_token = newest ? reveal(newest) : first()
      const fields = { grant_type: 'refresh_token', refresh_token, scope }
      const answer = await ask(tokenRequest(token_url, client, fields))
      return readTokenAnswer(answer, now, auth.ttl_fallback)
    },
  }
}
