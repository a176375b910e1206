import { z } from 'zod'

import type {
  GcpServiceAccountAuth,
  GithubAppAuth,
  GithubLevel,
  JwtAlg,
  JwtBearerAuth,
  Setting,
} from '../../src/auth/config.ts'
import { settingOf, templates } from './auth-template.ts'
import { headerKeys, line, statuses } from './auth-value.ts'
import { baseUrl, endpointUrl } from './base-url.ts'
import { ALWAYS, AT_KEY, atMostOne, exactlyOne } from './exactly-one.ts'
import { prefix, settableHeader } from './header-name.ts'
import { Wrong } from './problem.ts'
import { envName, spelled, spelledOnce, spellings } from './secret-ref.ts'
import { checked, choice, flag, list, text, value, whole } from './value.ts'
import { expected, textOf } from './value.ts'
import { isMapping } from './word.ts'

const scope = text({ what: 'a scope, without spaces', test: /^[\x21-\x7e]+$/ })
const email = text({ what: 'an e-mail address', test: /^[^\s@/]+@[^\s@/]+$/ })
const url = (what: string) => checked(`the URL of ${what}`, baseUrl)

/** RFC 7523, as Google has it. */
export const gcpServiceAccount = z
  .strictObject({
    type: z.literal('gcp_service_account'),
    ...spellings('key'),
    token_url: checked('the URL of the token endpoint', endpointUrl).default(
      'https://oauth2.googleapis.com/token',
    ),
    scopes: list(scope).optional(),
    subject: email.optional(),
    audience: line.optional(),
    impersonate: email.optional(),
    iam_url: url('the IAM Credentials API').default('https://iamcredentials.googleapis.com'),
    ...headerKeys('Authorization', 'Bearer '),
    ttl_fallback: whole(1).default(3600),
    invalidate_on: statuses(401),
  })
  .superRefine(spelledOnce('key'), ALWAYS)
  .superRefine(exactlyOne('scopes', 'audience'), ALWAYS)
  .superRefine(atMostOne('audience', 'impersonate'), ALWAYS)
  .superRefine(atMostOne('subject', 'impersonate'), ALWAYS)
  .superRefine(({ scopes }, context) => {
    if (scopes?.length !== 0) return
    context.addIssue({ code: 'custom', path: ['scopes'], message: 'expected a scope or more' })
  })
  .transform(({ key_env, ...found }): GcpServiceAccountAuth => ({
    ...found,
    key: spelled(key_env, found.key),
    scopes: found.scopes ?? [],
    subject: found.subject ?? null,
    audience: found.audience ?? null,
    impersonate: found.impersonate ?? null,
  }))

const appId = settingOf('the id of the app', /^\d{1,20}$/)
const clientId = settingOf('the client id of the app', /^[\w.-]{1,64}$/)
const installation = settingOf('the id of the installation', /^\d{1,20}$/)
const repository = text({
  what: 'the name of a repository, without its owner',
  test: /^[\w.-]{1,100}$/,
  show: true,
})
const permission = text({ what: 'the name of a permission', test: /^[a-z_]{1,100}$/, show: true })
const LEVELS: readonly GithubLevel[] = ['read', 'write', 'admin']

/** An installation token of a GitHub App. */
export const githubApp = z
  .strictObject({
    type: z.literal('github_app'),
    app_id: appId.optional(),
    app_id_env: envName.optional(),
    client_id: clientId.optional(),
    client_id_env: envName.optional(),
    ...spellings('private_key'),
    installation_id: installation.optional(),
    installation_id_env: envName.optional(),
    api_url: url('the REST API').default('https://api.github.com'),
    repositories: list(repository).optional(),
    repository_ids: list(whole(1)).optional(),
    permissions: z.record(permission, choice(LEVELS)).optional(),
    as: choice(['bearer', 'basic']).default('bearer'),
    header: settableHeader.default('Authorization'),
    prefix: prefix.optional(),
    invalidate_on: statuses(401),
  })
  .superRefine(exactlyOne('app_id', 'app_id_env', 'client_id', 'client_id_env'), ALWAYS)
  .superRefine(spelledOnce('private_key'), ALWAYS)
  .superRefine(exactlyOne('installation_id', 'installation_id_env'), ALWAYS)
  .superRefine(atMostOne('repositories', 'repository_ids'), ALWAYS)
  .superRefine(basicHasNoPrefix, ALWAYS)
  .superRefine(({ permissions }, context) => {
    if (!permissions || Object.keys(permissions).length > 0) return
    const message = 'expected a permission or more'
    context.addIssue({ code: 'custom', path: ['permissions'], message })
  })
  .transform((found): GithubAppAuth => ({
    type: found.type,
    issuer: settled(found.app_id_env ?? found.client_id_env, found.app_id ?? found.client_id),
    private_key: spelled(found.private_key_env, found.private_key),
    installation_id: settled(found.installation_id_env, found.installation_id),
    api_url: found.api_url,
    repositories: found.repositories ?? [],
    repository_ids: found.repository_ids ?? [],
    permissions: found.permissions ?? null,
    as: found.as,
    header: found.header,
    prefix: found.prefix ?? 'Bearer ',
    invalidate_on: found.invalidate_on,
  }))

function settled(env: string | undefined, found: Setting | undefined): Setting {
  return found ?? { env: env ?? '' }
}

function basicHasNoPrefix(found: object, context: z.RefinementCtx): void {
  if (!('prefix' in found && 'as' in found) || found.as !== 'basic') return
  const message = '"as: basic" has no prefix: it is always "Basic "'
  context.addIssue({ code: 'custom', path: ['prefix'], message, params: AT_KEY })
}

const ALGS: readonly JwtAlg[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'HS256', 'HS384', 'HS512'] as const),
]

/** Claims that are made anew with every JWT. */
const TIMES = ['exp', 'iat', 'nbf', 'jti']

/** Less is over before it is there; more than half a year nobody takes. */
const SHORTEST_S = 30
const LONGEST_S = 184 * 86_400

const omitted = 'none'

/** Seconds from now, or `none`. */
const offset = value((found) => {
  const read = textOf(found) ?? ''
  if (read === omitted) return null
  const number = /^-?\d{1,5}$/.test(read) ? Number(read) : NaN
  if (Math.abs(number) <= 3600) return number
  return new Wrong(expected('seconds from -3600 to 3600, or none', found, true))
})

/** A JWT that is itself the credential. */
export const jwtBearer = z
  .strictObject({
    type: z.literal('jwt_bearer'),
    ...spellings('key'),
    alg: choice(ALGS),
    kid: settingOf('the id of the key', /^[\x20-\x7e]{1,512}$/).optional(),
    typ: line.default('JWT'),
    claims: templates.superRefine(ownTimes).default({}),
    lifetime: whole(SHORTEST_S, LONGEST_S),
    iat: offset.default(0),
    nbf: offset.default(null),
    jti: flag.default(false),
    ...headerKeys('Authorization', 'Bearer '),
    invalidate_on: statuses(401),
  })
  .superRefine(spelledOnce('key'), ALWAYS)
  .superRefine(({ lifetime, iat }, context) => {
    if (lifetime + (iat ?? 0) >= SHORTEST_S) return
    const message = `it would be over ${SHORTEST_S} s after it is made, or before`
    context.addIssue({ code: 'custom', path: ['lifetime'], message })
  })
  .transform(({ key_env, ...found }): JwtBearerAuth => ({
    ...found,
    key: spelled(key_env, found.key),
    kid: found.kid ?? null,
    typ: found.typ === omitted ? null : found.typ,
  }))

function ownTimes(claims: object, context: z.RefinementCtx): void {
  if (!isMapping(claims)) return
  for (const name of TIMES.filter((each) => each in claims)) {
    const instead = name === 'exp' ? 'lifetime' : name
    const message = `it is made with every JWT; say "${instead}" beside "claims"`
    context.addIssue({ code: 'custom', path: [name], message, params: AT_KEY })
  }
}
