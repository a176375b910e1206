import { paramsNamed } from '../query.ts'

/** What signatures are for: `Credential=KEY/date/region/service/aws4_request`. */
export interface Scope {
  readonly region: string
  readonly service: string
}

/** How a client signed its request. Its signature says nothing here: the key that it was made with is a dummy. */
export type Shown =
  /** It is not signed. */
  | { readonly in: 'nothing' }
  | { readonly in: 'header'; readonly scope: Scope }
  /** Presigned: from `at`, Unix ms, for so many seconds. */
  | {
      readonly in: 'query'
      readonly scope: Scope
      readonly at: number
      readonly seconds: number
      /** What it says of the body. */
      readonly payload: string | null
    }
  | { readonly in: 'two ways'; readonly why: string }

/** A request as its client sent it: the query without its `?`. */
export interface Sent {
  readonly headers: Headers
  readonly query: string
}

/** What a presigned URL has in its query: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
export const QUERY_PARAMS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
] as const

/** The same of Signature Version 2, which is not spoken here; the key in it may be a grant's token. */
export const OLD_PARAM = 'AWSAccessKeyId'

const ALGORITHM = 'AWS4-HMAC-SHA256'

const CREDENTIALS = /(?:^|[\s,])Credential=([^\s,]*)/g

/** A region and a service are names of endpoints; `aws-global`, `auto`, `s3-object-lambda`. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/i

const DAYS_7 = 604_800

/** The ids of the keys that a request is signed with, by `Authorization`. */
export function keyIdsIn(authorization: string): readonly string[] {
  const [, scheme = '', rest = ''] = /^(AWS4?(?:-[A-Z0-9-]+)?) +(.*)$/i.exec(authorization) ?? []
  // Version 2: `AWS id:signature`.
  if (scheme.toUpperCase() === 'AWS') return [rest.replace(/:[^:]*$/, '')]
  if (scheme === '') return []
  return Array.from(rest.matchAll(CREDENTIALS), ([, credential = '']) => keyIdOf(credential))
}

/** The id in `id/date/region/service/aws4_request`. */
export function keyIdOf(credential: string): string {
  return credential.split('/', 1)[0] ?? ''
}

/** How a client signed its request; `two ways` for what cannot be read in one. */
export function shownIn(sent: Sent): Shown {
  const authorization = sent.headers.get('authorization') ?? ''
  const inHeader = /^AWS/i.test(authorization)
  const inQuery = paramsNamed(sent.query, [...QUERY_PARAMS, OLD_PARAM])
  if (inQuery.length === 0) return inHeader ? byHeader(authorization) : { in: 'nothing' }
  if (inHeader) return twoWays('it is signed in the query and in a header')
  return byQuery(
    sent.query,
    new Map(inQuery.map(({ param, value }) => [param, value])),
    inQuery.length,
  )
}

function byHeader(authorization: string): Shown {
  if (!authorization.startsWith(`${ALGORITHM} `)) return twoWays(`it is not signed by ${ALGORITHM}`)
  const [credential, ...others] = Array.from(
    authorization.matchAll(CREDENTIALS),
    ([, each]) => each,
  )
  const scope = credential === undefined || others.length > 0 ? null : scopeOf(credential)
  return scope ? { in: 'header', scope } : twoWays('its signature names no scope')
}

function byQuery(query: string, params: ReadonlyMap<string, string>, count: number): Shown {
  if (params.size < count) return twoWays('it is presigned twice')
  if (params.get('X-Amz-Algorithm') !== ALGORITHM) {
    return twoWays(`it is not presigned by ${ALGORITHM}`)
  }
  const text = (name: string) => params.get(name) ?? ''
  const scope = scopeOf(text('X-Amz-Credential'))
  if (!scope) return twoWays('its signature names no scope')
  const at = timeOf(text('X-Amz-Date'))
  const seconds = secondsOf(text('X-Amz-Expires'))
  if (at === null || seconds === null) {
    return twoWays('it does not say for how long it is presigned')
  }
  const payloads = paramsNamed(query, ['X-Amz-Content-Sha256'])
  if (payloads.length > 1) return twoWays('it is presigned twice')
  return { in: 'query', scope, at, seconds, payload: payloads[0]?.value ?? null }
}

function twoWays(why: string): Shown {
  return { in: 'two ways', why }
}

function scopeOf(credential: string): Scope | null {
  const [, date = '', region = '', service = '', end, ...more] = credential.split('/')
  if (!/^\d{8}$/.test(date) || end !== 'aws4_request' || more.length > 0) return null
  return NAME.test(region) && NAME.test(service) ? { region, service } : null
}

/** `20130524T000000Z` in Unix ms. */
function timeOf(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
  if (!parts.test(text)) return null
  const at = Date.parse(text.replace(parts, '$1-$2-$3T$4:$5:$6Z'))
  return Number.isNaN(at) ? null : at
}

function secondsOf(text: string): number | null {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  return seconds >= 1 && seconds <= DAYS_7 ? seconds : null
}

/** Unix ms as `20130524T000000Z`. */
export function stampOf(now: number): string {
  return new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '')
}
