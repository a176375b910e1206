import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The credential that a server knows. */
export interface Known {
  readonly id: string
  readonly secret: string
  readonly session: string | null
  readonly region: string
  readonly service: string
}

/** What a request proved: with it its body can be checked. */
export interface Proof {
  /** `x-amz-content-sha256` as it was signed; null where the service wants the body's own hash. */
  readonly payload: string | null
}

/** An error as AWS names it. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number

  constructor(status: number, code: string, message = code) {
    super(message)
    this.code = code
    this.status = status
  }
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/, ]+)\/([^, ]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

const EMPTY = hash('')

/**
 * Verifies a signature in the header or in the query, from AWS's pages and with Node's own crypto:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. `body`: of a service
 * that is not S3.
 * @throws AwsError
 */
export function verified(
  request: IncomingMessage,
  known: Known,
  now: number,
  body: Buffer | null = null,
): Proof {
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
  const params = pairsOf(query)
  const presigned = params.some(([name]) => name === 'X-Amz-Signature')
  const said = saidIn(request, params, presigned, now)
  checkScope(said, known)
  checkSigned(request, said.signed)
  const payload = payloadOf(request, params, presigned, { known, body })
  const s3 = known.service === 's3'
  const canonical = [
    request.method,
    encodedPath(path, s3),
    params
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map((pair) => pair.map((part) => strict(part)).join('='))
      .toSorted()
      .join('&'),
    said.signed.map((name) => `${name}:${valueOf(request, name)}\n`).join(''),
    said.signed.join(';'),
    payload,
  ].join('\n')
  if (signatureOf(said, known, canonical) !== said.signature) {
    // As S3 does: with all that it was told.
    throw new AwsError(403, 'SignatureDoesNotMatch', `${said.id} ${said.signature}\n${canonical}`)
  }
  return { payload: s3 ? payload : null }
}

function saidIn(
  request: IncomingMessage,
  params: readonly (readonly [string, string])[],
  presigned: boolean,
  now: number,
): Said {
  const header = request.headers.authorization
  if (!presigned) return inHeader(request, header, now)
  if (header === undefined) return inQuery(params, now)
  throw new AwsError(400, 'InvalidArgument', 'Only one auth mechanism allowed')
}

function checkScope(said: Said, known: Known): void {
  if (said.id !== known.id) throw new AwsError(403, 'InvalidAccessKeyId')
  if ((said.session ?? null) !== known.session) throw new AwsError(400, 'InvalidToken')
  const scope = `${said.time.slice(0, 8)}/${known.region}/${known.service}/aws4_request`
  if (said.scope !== scope) throw new AwsError(400, 'AuthorizationHeaderMalformed')
}

function signatureOf({ time, scope }: Said, { secret }: Known, canonical: string): string {
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n')
  const key = scope
    .split('/')
    .reduce<string | Buffer>((inner, part) => hmac(inner, part), `AWS4${secret}`)
  return hmac(key, text).toString('hex')
}

interface Said {
  readonly id: string
  readonly scope: string
  readonly time: string
  readonly signed: readonly string[]
  readonly signature: string
  readonly session: string | undefined
}

function inHeader(request: IncomingMessage, header: string | undefined, now: number): Said {
  const match = AUTHORIZATION.exec(header ?? '')
  if (!match) throw new AwsError(403, 'AccessDenied', 'no signature')
  const [id = '', scope = '', names = '', signature = ''] = match.slice(1)
  const time = String(request.headers['x-amz-date'])
  if (Math.abs(now - timeOf(time)) > 900_000) throw new AwsError(403, 'RequestTimeTooSkewed')
  const session = request.headers['x-amz-security-token']
  return { id, scope, time, signed: names.split(';'), signature, session: session?.toString() }
}

function inQuery(params: readonly (readonly [string, string])[], now: number): Said {
  const map = new Map(params)
  const value = (name: string) => map.get(name) ?? ''
  const [id = '', scope = ''] = value('X-Amz-Credential').split(/\/(.*)/s)
  const time = value('X-Amz-Date')
  const seconds = Number(value('X-Amz-Expires'))
  if (value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' || !(seconds > 0 && seconds <= 604_800)) {
    throw new AwsError(400, 'AuthorizationQueryParametersError')
  }
  if (now > timeOf(time) + seconds * 1000) throw new AwsError(403, 'AccessDenied', 'expired')
  return {
    id,
    scope,
    time,
    signed: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    session: map.get('X-Amz-Security-Token'),
  }
}

/** "You must include the host header and any x-amz-* headers in the request". */
function checkSigned(request: IncomingMessage, signed: readonly string[]): void {
  const needed = Object.keys(request.headers).filter((name) => /^(?:host$|x-amz-)/.test(name))
  if (!needed.every((name) => signed.includes(name))) {
    throw new AwsError(403, 'AccessDenied', 'There were headers present which were not signed')
  }
}

function payloadOf(
  { headers }: IncomingMessage,
  params: readonly (readonly [string, string])[],
  presigned: boolean,
  { known, body }: { readonly known: Known; readonly body: Buffer | null },
): string {
  const said = headers['x-amz-content-sha256']?.toString()
  if (known.service !== 's3') {
    const real = body ? hash(body) : EMPTY
    if (said !== undefined && said !== real) throw new AwsError(400, 'XAmzContentSHA256Mismatch')
    return real
  }
  if (said !== undefined) return said
  if (!presigned) throw new AwsError(400, 'MissingSecurityHeader')
  return new Map(params).get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD'
}

function valueOf({ headers }: IncomingMessage, name: string): string {
  return String(headers[name] ?? '')
    .trim()
    .replaceAll(/ +/g, ' ')
}

function timeOf(time: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
  return Date.parse(time.replace(parts, '$1-$2-$3T$4:$5:$6Z'))
}

/** Of S3 as it is sent; of the others encoded once more. */
function encodedPath(path: string, s3: boolean): string {
  const text = s3 ? decodeURIComponent(path) : path.replaceAll(/\/+/g, '/')
  return text.split('/').map(strict).join('/')
}

function strict(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.codePointAt(0)?.toString(16).toUpperCase()}`,
  )
}

/** The parameters, decoded. */
export function pairsOf(query: string): readonly (readonly [string, string])[] {
  return query
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [decodeURIComponent(name), decodeURIComponent(value)] as const
    })
}

function hash(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
