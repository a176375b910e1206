import { AwsV4Signer } from 'aws4fetch'

import { appendParam, withoutParams } from '../query.ts'
import { canonicalPath, canonicalQuery, isS3 } from '../sigv4/canonical.ts'
import { BrokenFrame, Unsigned } from '../sigv4/chunks.ts'
import { describeUnsigned, isTaken, signedChunksOf, UNSIGNED } from '../sigv4/payload.ts'
import { OLD_PARAM, QUERY_PARAMS, shownIn, stampOf } from '../sigv4/shown.ts'
import type { Scope, Shown } from '../sigv4/shown.ts'
import type { AwsSigV4Auth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Credentials, Draft, Scheme, SigningCall } from './scheme.ts'

const CONTENT_HASH = 'x-amz-content-sha256'

/** Signed where they are there; every other header may be changed on the way, by the runtime or an edge. */
const SIGNED = /^(?:x-amz-.*|content-type|content-md5|date|range)$/

/** How far a client's clock may be ahead, as at AWS. */
const AHEAD_MS = 15 * 60_000

/** How long an upstream may take a presigned request that was signed anew. */
const SECONDS = 300

/**
 * AWS Signature Version 4 with the real key, in place of the client's own signature, which was made with
 * a dummy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. Region and service are
 * those of the YAML, else of the client's signature. What is signed is what is sent.
 */
export const awsSigV4: Scheme<AwsSigV4Auth> = {
  secrets: ({ access_key_id, secret_access_key, session_token }) => [
    access_key_id,
    secret_access_key,
    ...(session_token ? [session_token] : []),
  ],
  slots: () => ({
    headers: ['authorization', 'x-amz-date', 'x-amz-security-token'],
    params: [...QUERY_PARAMS, OLD_PARAM],
  }),
  problem: (auth, call, now) => {
    const shown = shownIn(call)
    return shownProblem(auth, shown, now) ?? callProblem(scopeFor(auth, shown), call, shown)
  },
  readsBodyOf: (auth, call) => {
    const shown = shownIn(call)
    const scope = scopeFor(auth, shown)
    return scope !== null && !isS3(scope) && payloadOf(call.headers, shown) === null
  },
  sign: async (draft, auth, credentials, now) => {
    const shown = shownIn(draft.asked)
    const scope = scopeFor(auth, shown)
    if (!scope) throw new Error('no region and service')
    const key = keyOf(auth, credentials)
    takeChunkSignaturesOut(draft)
    // One that came in two lines goes in one: that is what is signed.
    signedOf(draft.headers).forEach((value, name) => draft.headers.set(name, value))
    const payload = payloadOf(draft.headers, shown) ?? (await payloadFor(scope, draft))
    const signing = { scope, key, payload, now }
    if (shown.in === 'query') await signQuery(draft, signing)
    else await signHeaders(draft, signing)
  },
  secretWords: ({ headers, query }) =>
    Array.from(
      `${headers.get('authorization') ?? ''} ${query}`.matchAll(/Signature=([0-9a-f]{64})/g),
      ([, signature = '']) => signature,
    ),
}

function scopeFor(auth: AwsSigV4Auth, shown: Shown): Scope | null {
  const own = 'scope' in shown ? shown.scope : null
  const region = auth.region ?? own?.region
  const service = auth.service ?? own?.service
  return region === undefined || service === undefined ? null : { region, service }
}

function shownProblem(auth: AwsSigV4Auth, shown: Shown, now: number): string | null {
  if (shown.in === 'two ways') return `the request cannot be signed: ${shown.why}`
  if (!scopeFor(auth, shown)) return 'sign with AWS Signature Version 4: it says region and service'
  if (shown.in !== 'query') return null
  if (now > shown.at + shown.seconds * 1000) return 'the presigned request has expired'
  return shown.at > now + AHEAD_MS ? 'the presigned request is of the future' : null
}

/** What of a path or a body cannot be sent on. `shown` has passed. */
function callProblem(scope: Scope | null, call: SigningCall, shown: Shown): string | null {
  const { headers } = call
  const payload = payloadOf(headers, shown)
  if (payload !== null && !isTaken(payload)) return `this ${CONTENT_HASH} is not taken`
  return (scope && isS3(scope) ? s3Problem(call) : null) ?? chunksProblem(headers)
}

function s3Problem({ method, path, headers }: SigningCall): string | null {
  if (path.includes('+')) return 'a plus in a path of S3 has to be %2B'
  const form = /^\s*multipart\/form-data/i.test(headers.get('content-type') ?? '')
  return method === 'POST' && form ? 'an upload by a form has its signature in the body' : null
}

function chunksProblem(headers: Headers): string | null {
  try {
    signedChunksOf(headers)
    return null
  } catch (error) {
    if (error instanceof BrokenFrame) return error.message
    throw error
  }
}

/** What the client says of its body; null: nothing. */
function payloadOf(headers: Headers, shown: Shown): string | null {
  return headers.get(CONTENT_HASH) ?? (shown.in === 'query' ? shown.payload : null)
}

async function payloadFor(scope: Scope, { body }: Draft): Promise<string> {
  if (isS3(scope)) return UNSIGNED
  const hash = await crypto.subtle.digest('SHA-256', body ?? new Uint8Array())
  return new Uint8Array(hash).toHex()
}

function takeChunkSignaturesOut(draft: Draft): void {
  const chunks = signedChunksOf(draft.headers)
  if (!chunks) return
  describeUnsigned(draft.headers, chunks)
  draft.reframing = new Unsigned(chunks)
}

interface Key {
  readonly id: string
  readonly secret: string
  readonly session: string | null
}

function keyOf(auth: AwsSigV4Auth, credentials: Credentials): Key {
  return {
    id: opened(auth.access_key_id, credentials),
    secret: opened(auth.secret_access_key, credentials),
    session: auth.session_token && opened(auth.session_token, credentials),
  }
}

interface Signing {
  readonly scope: Scope
  readonly key: Key
  readonly payload: string
  readonly now: number
}

async function signHeaders(draft: Draft, signing: Signing): Promise<void> {
  const { scope, key, payload } = signing
  if (isS3(scope)) placeHeaders(draft.headers, [[CONTENT_HASH, payload]])
  if (key.session !== null) placeHeaders(draft.headers, [['x-amz-security-token', key.session]])
  draft.headers.set('x-amz-date', stampOf(signing.now))
  const signer = signerFor(draft, signing, false)
  placeHeaders(draft.headers, [['authorization', await signer.authHeader()]])
}

/**
 * As the client did it: its headers may stand in the query, where S3 looks for them in a presigned
 * request only.
 */
async function signQuery(draft: Draft, signing: Signing): Promise<void> {
  const { key, scope, now } = signing
  const stamp = stampOf(now)
  const credential = [key.id, stamp.slice(0, 8), scope.region, scope.service, 'aws4_request']
  const params: readonly (readonly [string, string])[] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', credential.join('/')],
    ['X-Amz-Date', stamp],
    ['X-Amz-Expires', String(SECONDS)],
    ['X-Amz-SignedHeaders', ['host', ...signedOf(draft.headers).keys()].toSorted().join(';')],
    ...(key.session === null ? [] : [['X-Amz-Security-Token', key.session] as const]),
  ]
  draft.query = params.reduce(
    (query, [name, value]) => appendParam(query, name, value),
    withoutParams(draft.query, [...QUERY_PARAMS, OLD_PARAM]),
  )
  const signature = await signerFor(draft, signing, true).signature()
  draft.query = appendParam(draft.query, 'X-Amz-Signature', signature)
}

/** The headers that a signature covers, beside `host`. */
function signedOf(headers: Headers): Headers {
  const signed = new Headers()
  headers.forEach((value, name) => {
    if (SIGNED.test(name)) signed.set(name, value)
  })
  return signed
}

/** aws4fetch, with the path and the query as they are sent and the payload as it was described. */
function signerFor(
  { method, base_url, path, query, headers }: Draft,
  { scope, key, payload, now }: Signing,
  inQuery: boolean,
): AwsV4Signer {
  const signer = new AwsV4Signer({
    method,
    url: new URL(base_url).origin + path,
    headers: signedOf(headers),
    accessKeyId: key.id,
    secretAccessKey: key.secret,
    ...scope,
    datetime: stampOf(now),
    signQuery: inQuery,
    allHeaders: true,
  })
  signer.encodedPath = canonicalPath(path, isS3(scope))
  signer.encodedSearch = canonicalQuery(query, isS3(scope))
  signer.hexBodyHash = () => Promise.resolve(payload)
  return signer
}
