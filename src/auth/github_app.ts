import { reveal, UnfitSecret } from '../secret.ts'
import type { GithubAppAuth, GithubLevel } from './config.ts'
import { base64, opened, placeHeaders } from './credential.ts'
import { signedJwt } from './jwt.ts'
import { momentOf, usable } from './lifetime.ts'
import type { Credentials, EndpointAnswer, Mint, MintRecipe, Scheme } from './scheme.ts'
import { refsAmong, textOf } from './setting.ts'
import { MALFORMED, objectOf, TOKEN } from './token_request.ts'

/** GitHub's clock may be behind: the JWT was made so long ago. Ten minutes is the longest it lasts. */
const BACKDATED_S = 60
const LIFETIME_S = 540

/** The answer lists whole repositories, 500 of them at most. */
const MAX_ANSWER = 4 * 1024 * 1024

const LEVELS: readonly GithubLevel[] = ['read', 'write', 'admin']

const REFUSED: Readonly<Record<number, string>> = {
  401: 'app rejected (HTTP 401): is the key that of this app?',
  403: 'installation refused (HTTP 403): is it suspended?',
  404: 'no such installation of this app (HTTP 404)',
  422: 'repositories or permissions refused (HTTP 422): does the installation have them?',
}

/**
 * An installation token of a GitHub App, an hour long, for some of its repositories and permissions:
 * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app. As the
 * password of `x-access-token` it opens git over HTTPS:
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation.
 */
export const githubApp: Scheme<GithubAppAuth> = {
  mints: true,
  secrets: ({ issuer, installation_id, private_key }) => [
    ...refsAmong(issuer, installation_id),
    private_key,
  ],
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials) => {
    const token = reveal(await credentials.minted(recipeOf(auth, credentials)))
    const value =
      auth.as === 'basic' ? `Basic ${base64(`x-access-token:${token}`)}` : auth.prefix + token
    placeHeaders(draft.headers, [[auth.header, value]])
  },
}

function recipeOf(auth: GithubAppAuth, credentials: Credentials): MintRecipe {
  const { type, api_url, repositories, repository_ids, permissions } = auth
  const issuer = () => textOf(auth.issuer, credentials)
  const installation = () => textOf(auth.installation_id, credentials)
  const key = () => opened(auth.private_key, credentials)
  const narrowing = {
    ...(repositories.length > 0 && { repositories }),
    ...(repository_ids.length > 0 && { repository_ids }),
    ...(permissions && { permissions }),
  }
  return {
    identity: () => [type, api_url, JSON.stringify(narrowing), issuer(), installation(), key()],
    mint: async (ask, now) => {
      const jwt = await appJwt(issuer(), key(), now)
      const request = tokenRequest(`${api_url}${pathOf(installation())}`, jwt, narrowing)
      return readInstallation(await ask(request, MAX_ANSWER), auth, now)
    },
  }
}

function pathOf(installation: string): string {
  if (/^\d{1,20}$/.test(installation)) return `/app/installations/${installation}/access_tokens`
  throw new UnfitSecret('the id of the installation is no number')
}

function appJwt(iss: string, key: string, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000)
  const claims = { iss, iat: seconds - BACKDATED_S, exp: seconds + LIFETIME_S }
  return signedJwt(key, { alg: 'RS256', kid: null, typ: 'JWT', claims })
}

function tokenRequest(url: string, jwt: string, narrowing: object): Request {
  return new Request(url, {
    method: 'POST',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${jwt}`,
      'content-type': 'application/json',
      // GitHub answers nobody without one.
      'user-agent': 'outpost',
      'x-github-api-version': '2022-11-28',
    },
    body: JSON.stringify(narrowing),
  })
}

function readInstallation(
  { status, json }: EndpointAnswer,
  auth: GithubAppAuth,
  now: number,
): Mint {
  if (status !== 201) return { failed: REFUSED[status] ?? `HTTP ${status}`, final: false }
  const said = objectOf(json)
  const { token, expires_at } = said
  const ends = momentOf(expires_at)
  if (typeof token !== 'string' || !TOKEN.test(token) || ends === null) return MALFORMED
  if (isWider(said, auth)) {
    return { failed: 'the token that came may do more than was asked for', final: false }
  }
  return { token, until: now + usable(ends - now), refresh: null }
}

/**
 * Whether it says that the token may do more than was asked for, or does not say. Every token may
 * read metadata. A server that does not know a key of the request would leave it out of account.
 */
function isWider(
  said: Readonly<Record<string, unknown>>,
  { repositories, repository_ids, permissions }: GithubAppAuth,
): boolean {
  const selects = repositories.length + repository_ids.length > 0
  if (selects && said['repository_selection'] !== 'selected') return true
  if (!permissions) return false
  const given = said['permissions']
  if (typeof given !== 'object' || given === null) return true
  return Object.entries(given).some(([name, level]: [string, unknown]) => {
    const asked = permissions[name] ?? (name === 'metadata' ? 'read' : undefined)
    const found = LEVELS.findIndex((each) => each === level)
    return asked === undefined || found < 0 || found > LEVELS.indexOf(asked)
  })
}
