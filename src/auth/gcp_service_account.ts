import { reveal, UnfitSecret } from '../secret.ts'
import type { Secret } from '../secret.ts'
import type { GcpServiceAccountAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import { signedJwt } from './jwt.ts'
import { keptJwt } from './kept_jwt.ts'
import { momentOf, usable } from './lifetime.ts'
import type { Ask, Credentials, EndpointAnswer, Mint, MintRecipe, Scheme } from './scheme.ts'
import { MALFORMED, objectOf, readTokenAnswer, TOKEN } from './token_request.ts'

/** The longest that Google accepts. */
const LIFETIME_S = 3600

/** What it takes to ask for the token of another service account. */
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

/**
 * The key file of a Google service account: an assertion, exchanged for an access token
 * (https://developers.google.com/identity/protocols/oauth2/service-account#httprest), with
 * `impersonate` that one for the token of another account
 * (https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken).
 * With `audience` a JWT is signed and sent as it is (the same page, #jwt-auth). The file's own
 * `token_uri` is not looked at: where an assertion goes is for the YAML to say.
 */
export const gcpServiceAccount: Scheme<GcpServiceAccountAuth> = {
  mints: ({ audience }) => audience === null,
  secrets: ({ key }) => [key],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials, now) => {
    const token =
      auth.audience === null
        ? await credentials.minted(recipeOf(auth, credentials))
        : credentials.made(await selfSigned(auth, auth.audience, credentials.open(auth.key), now))
    placeHeaders(draft.headers, [[auth.header, auth.prefix + reveal(token)]])
  },
}

function selfSigned(
  { subject }: GcpServiceAccountAuth,
  audience: string,
  key: Secret,
  now: number,
): Promise<Secret> {
  const name = JSON.stringify([audience, subject])
  const make = () => {
    const file = keyFileOf(reveal(key))
    return jwtOf(file, { sub: subject ?? file.email, aud: audience }, now)
  }
  return keptJwt(key, { name, now, lasts: LIFETIME_S * 1000, make: async () => make() })
}

function recipeOf(auth: GcpServiceAccountAuth, credentials: Credentials): MintRecipe {
  const { type, token_url, scopes, subject, impersonate, iam_url } = auth
  const key = () => opened(auth.key, credentials)
  return {
    identity: () => {
      const scope = scopes.join(' ')
      return [type, token_url, scope, subject ?? '', impersonate ?? '', iam_url, key()]
    },
    mint: async (ask, now) => {
      const scope = impersonate === null ? scopes.join(' ') : CLOUD_PLATFORM
      const claims = { scope, aud: token_url, ...(subject !== null && { sub: subject }) }
      const assertion = await jwtOf(keyFileOf(key()), claims, now)
      const answer = await ask(exchangeRequest(token_url, assertion))
      const mint = readTokenAnswer(answer, now, auth.ttl_fallback)
      // A disabled account is enabled again, a clock is set right: no error is final.
      if ('failed' in mint) return { ...mint, final: false }
      if (impersonate === null) return { ...mint, refresh: null }
      return impersonated(auth, impersonate, { ask, now, token: mint.token })
    },
  }
}

/** RFC 7523 §2.1. */
function exchangeRequest(url: string, assertion: string): Request {
  const form = new URLSearchParams()
  form.set('grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer')
  form.set('assertion', assertion)
  return new Request(url, { method: 'POST', headers: { accept: 'application/json' }, body: form })
}

async function impersonated(
  { iam_url, scopes }: GcpServiceAccountAuth,
  email: string,
  { ask, now, token }: { readonly ask: Ask; readonly now: number; readonly token: string },
): Promise<Mint> {
  const name = `projects/-/serviceAccounts/${encodeURIComponent(email)}`
  const request = new Request(`${iam_url}/v1/${name}:generateAccessToken`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: scopes, lifetime: `${LIFETIME_S}s` }),
  })
  return impersonationOf(await ask(request), now)
}

function impersonationOf({ status, json }: EndpointAnswer, now: number): Mint {
  if (status !== 200) return { failed: `impersonation refused (HTTP ${status})`, final: false }
  const { accessToken, expireTime } = objectOf(json)
  const ends = momentOf(expireTime)
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken) || ends === null) return MALFORMED
  return { token: accessToken, until: now + usable(ends - now), refresh: null }
}

interface KeyFile {
  readonly email: string
  readonly kid: string | null
  readonly privateKey: string
}

/** https://cloud.google.com/iam/docs/keys-create-delete has the file. */
function keyFileOf(text: string): KeyFile {
  const { type, client_email, private_key_id, private_key } = parsed(text)
  if (
    type !== 'service_account' ||
    typeof client_email !== 'string' ||
    typeof private_key !== 'string'
  ) {
    throw new UnfitSecret(
      'the key file of the service account is not the JSON that Google gives: ' +
        'type "service_account", client_email, private_key',
    )
  }
  const kid = typeof private_key_id === 'string' ? private_key_id : null
  return { email: client_email, kid, privateKey: private_key }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return {}
  }
}

function jwtOf(
  { email, kid, privateKey }: KeyFile,
  claims: Readonly<Record<string, string>>,
  now: number,
): Promise<string> {
  const iat = Math.floor(now / 1000)
  return signedJwt(privateKey, {
    alg: 'RS256',
    kid,
    typ: 'JWT',
    claims: { iss: email, ...claims, iat, exp: iat + LIFETIME_S },
  })
}
