import { z } from 'zod'

import type {
  ApiKeyHeaderAuth,
  ApiKeyPathAuth,
  ApiKeyQueryAuth,
  Auth,
  BasicAuth,
  BearerStaticAuth,
  CustomHeadersAuth,
} from '../../src/auth/config.ts'
import { awsSigV4 } from './auth-aws-schema.ts'
import { exchange, queryParams } from './auth-exchange-schema.ts'
import { hmacSigned } from './auth-hmac-schema.ts'
import { plugin } from './auth-plugin-schema.ts'
import { gcpServiceAccount, githubApp, jwtBearer } from './auth-signed-schema.ts'
import { bearerRedis, clientCredentials, refreshToken } from './auth-stateful-schema.ts'
import { basicPart, bindingName, headerKeys, paramName, statuses } from './auth-value.ts'
import { distinctHeaders } from './distinct.ts'
import { ALWAYS, exactlyOne } from './exactly-one.ts'
import { prefix, settableHeader } from './header-name.ts'
import { didYouMean } from './nearest.ts'
import { Wrong } from './problem.ts'
import {
  envName,
  literal,
  oneSecret,
  previousDiffers,
  reference,
  refOf,
  spelled,
} from './secret-ref.ts'
import { checked, expected, given, list, listed, textOf } from './value.ts'
import { isMapping } from './word.ts'

const none = z.strictObject({ type: z.literal('none'), invalidate_on: statuses() })

const bearerStatic = z
  .strictObject({
    type: z.literal('bearer_static'),
    ...oneSecret,
    value: literal.optional(),
    ...headerKeys('Authorization', 'Bearer '),
    invalidate_on: statuses(401),
  })
  .superRefine(exactlyOne('env', 'secret', 'value'), ALWAYS)
  .superRefine(previousDiffers, ALWAYS)
  .transform((found): BearerStaticAuth => ({
    type: found.type,
    secret: refOf(found),
    header: found.header,
    prefix: found.prefix,
    invalidate_on: found.invalidate_on,
  }))

const apiKeyHeader = z
  .strictObject({
    type: z.literal('api_key_header'),
    ...oneSecret,
    header: settableHeader,
    prefix: prefix.default(''),
    invalidate_on: statuses(401, 403),
  })
  .superRefine(exactlyOne('env', 'secret'), ALWAYS)
  .superRefine(previousDiffers, ALWAYS)
  .transform(({ env, secret, previous, ...rest }): ApiKeyHeaderAuth => ({
    ...rest,
    secret: refOf({ env, secret, previous }),
  }))

const apiKeyQuery = z
  .strictObject({
    type: z.literal('api_key_query'),
    ...oneSecret,
    param: paramName,
    invalidate_on: statuses(401),
  })
  .superRefine(exactlyOne('env', 'secret'), ALWAYS)
  .superRefine(previousDiffers, ALWAYS)
  .transform(({ env, secret, previous, ...rest }): ApiKeyQueryAuth => ({
    ...rest,
    secret: refOf({ env, secret, previous }),
  }))

/** The beginning of a path, in the one spelling in which it is looked for. */
const keyPath = checked('a path such as "/bot{token}"', (found): string | Wrong => {
  const path = found.replace('{token}', 'x')
  const isPath = /^(?:\/[\w.~!$&'()*+,;=:@-]+)+$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path)
  if (isPath && /\{token\}(?:\/|$)/.test(found)) return found
  return new Wrong('expected a path with {token} once, at the end of a segment: "/bot{token}"')
})

const apiKeyPath = z
  .strictObject({
    type: z.literal('api_key_path'),
    ...oneSecret,
    paths: list(keyPath),
    invalidate_on: statuses(401),
  })
  .superRefine(exactlyOne('env', 'secret'), ALWAYS)
  .superRefine(previousDiffers, ALWAYS)
  .superRefine(({ paths }, context) => {
    if (paths.length > 0) return
    context.addIssue({ code: 'custom', path: ['paths'], message: 'expected a path or more' })
  })
  .transform(({ env, secret, previous, paths, ...rest }): ApiKeyPathAuth => ({
    ...rest,
    paths: [...new Set(paths)],
    secret: refOf({ env, secret, previous }),
  }))

const mtls = z.strictObject({
  type: z.literal('mtls'),
  binding: bindingName,
  invalidate_on: statuses(),
})

const CONTROL = 'a user name or password cannot contain a control character'

const basicAuth = z
  .strictObject({
    type: z.literal('basic_auth'),
    username_env: envName.optional(),
    user_env: envName.optional(),
    username: basicPart(/[\p{Cc}:]/u, `${CONTROL}, nor a user name a colon`).optional(),
    password_env: envName.optional(),
    pass_env: envName.optional(),
    password: basicPart(/\p{Cc}/u, CONTROL).optional(),
    invalidate_on: statuses(401),
  })
  .superRefine(exactlyOne('username_env', 'user_env', 'username'), ALWAYS)
  .superRefine(exactlyOne('password_env', 'pass_env', 'password'), ALWAYS)
  .transform((found): BasicAuth => ({
    type: found.type,
    username: spelled(found.username_env ?? found.user_env, found.username),
    password: spelled(found.password_env ?? found.pass_env, found.password),
    invalidate_on: found.invalidate_on,
  }))

const customHeaders = z
  .strictObject({
    type: z.literal('custom_headers'),
    headers: z
      .record(settableHeader, reference)
      .superRefine(distinctHeaders)
      .refine((headers) => Object.keys(headers).length > 0, 'expected a header or more'),
    invalidate_on: statuses(),
  })
  .transform(({ type, headers, invalidate_on }): CustomHeadersAuth => ({
    type,
    headers: Object.entries(headers).map(([name, secret]) => ({ name, secret })),
    invalidate_on,
  }))

/** The types of contract §2, and the keys of each. */
const SCHEMES = [
  none,
  bearerStatic,
  bearerRedis,
  apiKeyHeader,
  apiKeyQuery,
  apiKeyPath,
  basicAuth,
  mtls,
  hmacSigned,
  clientCredentials,
  refreshToken,
  gcpServiceAccount,
  githubApp,
  jwtBearer,
  exchange,
  queryParams,
  customHeaders,
  awsSigV4,
  plugin,
] as const

const SHAPES = SCHEMES.map((scheme) => ('shape' in scheme ? scheme.shape : scheme.in.shape))

const TYPES: readonly string[] = SHAPES.flatMap(({ type }) =>
  type instanceof z.ZodLiteral ? [...type.values] : type.options,
)

/** Every key that some type knows, to tell where a stray one belongs. */
export const AUTH_KEYS: readonly string[] = [
  ...new Set(SHAPES.flatMap((each) => Object.keys(each))),
]

/** What `auth:` says, with its defaults. `auth: none` is short for `{ type: none }`. */
export const auth: z.ZodType<Auth> = z.preprocess(
  (found) => (found === 'none' ? { type: 'none' } : given(found, ['config'])),
  z.discriminatedUnion('type', SCHEMES, { error: ({ code, input }) => typeMessage(code, input) }),
)

const EXAMPLE = 'a map such as { type: bearer_static, env: GITHUB_TOKEN }, or none'

/** What a scheme is called elsewhere. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ['bearer', 'bearer_static'],
  ['bearertoken', 'bearer_static'],
  ['token', 'bearer_static'],
  ['basic', 'basic_auth'],
  ['apikey', 'api_key_header'],
  ['header', 'api_key_header'],
  ['headers', 'custom_headers'],
  ['query', 'api_key_query'],
  ['path', 'api_key_path'],
  ['hmac', 'hmac_signed'],
  ['clientcertificate', 'mtls'],
  ['oauth', 'oauth2_client_credentials'],
  ['oauth2', 'oauth2_client_credentials'],
  ['aws', 'aws_sigv4'],
  ['sigv4', 'aws_sigv4'],
  ['s3', 'aws_sigv4'],
  ['gcp', 'gcp_service_account'],
  ['google', 'gcp_service_account'],
  ['googleserviceaccount', 'gcp_service_account'],
  ['serviceaccount', 'gcp_service_account'],
  ['github', 'github_app'],
  ['jwt', 'jwt_bearer'],
  ['login', 'exchange'],
  ['session', 'exchange'],
  ['tokenexchange', 'exchange'],
  ['params', 'query_params'],
  ['queries', 'query_params'],
])

function typeMessage(code: string | undefined, input: unknown): string | undefined {
  if (code === 'invalid_type') return expected(EXAMPLE, input, false)
  if (code !== 'invalid_union') return undefined
  const type = isMapping(input) ? textOf(input['type']) : null
  if (type === null) return `missing; expected one of ${listed(TYPES)}`
  const near = MEANT.get(type.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
  const hint = near === undefined ? didYouMean(type, TYPES) : `; did you mean "${near}"?`
  return `unknown type${hint || `; expected one of ${listed(TYPES)}`}`
}
