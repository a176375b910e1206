import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** A request that may be signed. Header names are in lower case. */
export interface Signed {
  readonly method: string
  /** As in the request line. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Scope {
  readonly id: string
  readonly secret: string
  readonly region: string
  readonly service: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^,]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/**
 * Whether a request carries the signature of a key, by
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
 * null, or the name of AWS's error. Written from that page, with Node's own crypto.
 */
export function signatureError(request: Signed, scope: Scope, now: number): string | null {
  const match = AUTHORIZATION.exec(one(request, 'authorization'))
  if (!match) return 'MissingAuthenticationTokenException'
  const [id, date = '', rest, names = '', signature = ''] = match.slice(1)
  if (id !== scope.id) return 'UnrecognizedClientException'
  const isMeant =
    rest === `${scope.region}/${scope.service}/aws4_request` &&
    isFresh(request, date, now) &&
    areSigned(request, names.split(';'))
  if (!isMeant) return 'InvalidSignatureException'
  const right = signatureOf(request, scope, date, names.split(';'))
  return timingSafeEqual(right, Buffer.from(signature, 'hex')) ? null : 'InvalidSignatureException'
}

/** Of this day, and at most five minutes old or early. */
function isFresh(request: Signed, date: string, now: number): boolean {
  const time = one(request, 'x-amz-date')
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
  const at = Date.parse(time.replace(parts, '$1-$2-$3T$4:$5:$6Z'))
  return time.startsWith(date) && Math.abs(now - at) <= 300_000
}

function areSigned(request: Signed, names: readonly string[]): boolean {
  const needed = Object.keys(request.headers).filter((name) => /^(?:host$|x-amz-)/.test(name))
  return needed.every((name) => names.includes(name))
}

function signatureOf(
  request: Signed,
  { secret, region, service }: Scope,
  date: string,
  names: readonly string[],
): Buffer {
  const scope = `${date}/${region}/${service}/aws4_request`
  const text = [
    'AWS4-HMAC-SHA256',
    one(request, 'x-amz-date'),
    scope,
    sha256(canonical(request, names)),
  ]
  const key = scope
    .split('/')
    .reduce<string | Buffer>((inner, part) => hmac(inner, part), `AWS4${secret}`)
  return hmac(key, text.join('\n'))
}

function canonical(request: Signed, names: readonly string[]): string {
  const [path = '', search = ''] = request.target.split('?')
  const query = search
    .split('&')
    .filter(Boolean)
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .toSorted()
    .join('&')
  const headers = names.map((name) => `${name}:${one(request, name).trim().replace(/ +/g, ' ')}\n`)
  // Every service but S3 encodes the path as it is sent once more.
  const twice = path.split('/').map(encodeURIComponent).join('/')
  return [
    request.method,
    twice,
    query,
    headers.join(''),
    names.join(';'),
    sha256(request.body),
  ].join('\n')
}

function one({ headers }: Signed, name: string): string {
  return String(headers[name] ?? '')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
