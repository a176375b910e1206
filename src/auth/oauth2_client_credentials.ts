import { reveal } from '../secret.ts'
import type { ClientCredentialsAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Credentials, MintRecipe, Scheme } from './scheme.ts'
import { readTokenAnswer, tokenRequest } from './token_request.ts'

/** RFC 6749 §4.4: an access token for the client itself. */
export const clientCredentials: Scheme<ClientCredentialsAuth> = {
  mints: true,
  secrets: ({ client_id, client_secret }) => [client_id, client_secret],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials) => {
    const token = reveal(await credentials.minted(recipeOf(auth, credentials)))
    placeHeaders(draft.headers, [[auth.header, auth.prefix + token]])
  },
}

function recipeOf(auth: ClientCredentialsAuth, credentials: Credentials): MintRecipe {
  const { type, token_url, client_auth, scope, audience, redis_key } = auth
  const id = () => opened(auth.client_id, credentials)
  const secret = () => opened(auth.client_secret, credentials)
  return {
    identity: () => [type, token_url, scope ?? '', audience ?? '', redis_key ?? '', id(), secret()],
    mint: async (ask, now) => {
      const client = { id: id(), secret: secret(), by: client_auth }
      const fields = { grant_type: 'client_credentials', scope, audience }
      const answer = await ask(tokenRequest(token_url, client, fields))
      const mint = readTokenAnswer(answer, now, auth.ttl_fallback)
      // There is nothing to refresh (§4.4.3): the secret mints the next one. And no error is final.
      return 'failed' in mint ? { ...mint, final: false } : { ...mint, refresh: null }
    },
  }
}
