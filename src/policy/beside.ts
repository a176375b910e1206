import type { Call } from '../call.ts'
import type { Provider } from '../catalog.ts'
import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import { deleteKeys } from '../content/delete_keys.ts'
import { folded } from '../headers.ts'
import { decoded, paramsNamed } from '../query.ts'
import { isS3 } from '../sigv4/canonical.ts'
import { placeOf, prefixOf } from '../sigv4/s3_place.ts'
import { shownIn } from '../sigv4/shown.ts'
import { checkPath } from './path.ts'

/** Something that a call does beside what its own method and path say. */
export interface Deed {
  readonly method: 'GET' | 'DELETE'
  /** Below the provider's base URL. */
  readonly path: string
  /** Where it is named. */
  readonly by: string
}

const COPY = 'x-amz-copy-source'

/** Of directory buckets: it takes the object away from there. */
const RENAME = 'x-amz-rename-source'

const NONE: readonly Deed[] = []

/**
 * What a call does to other objects of S3: it copies from one, or deletes those that its body names.
 * `unread`: the body has to be read first. `Unreadable`: it cannot be told, or is not the provider's.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, API_DeleteObjects.html there
 */
export function deedsOf(
  provider: Provider,
  call: Call,
  content: Content | null,
): readonly Deed[] | 'unread' | Unreadable {
  if (provider.auth.type !== 'aws_sigv4') return NONE
  try {
    const copied = sourceOf(provider, call)
    if (!deletesMany(provider, call)) return copied
    return content ? [...copied, ...deletedBy(provider, call, content)] : 'unread'
  } catch (error) {
    if (error instanceof Unreadable) return error
    throw error
  }
}

function sourceOf(provider: Provider, { request, query }: Call): readonly Deed[] {
  const found = [
    ...inHeaders(request.headers),
    ...paramsNamed(query.slice(1), [COPY, RENAME]).map(
      ({ param, value }) => [param, value] as const,
    ),
  ]
  const [first, second] = found
  if (!first) return NONE
  const [name, value] = first
  if (second) throw new Unreadable('the source of a copy is named twice')
  if (name === RENAME) throw new Unreadable(`${RENAME} is not forwarded`)
  if (name !== COPY) throw new Unreadable(`the source of a copy stands in ${COPY}`)
  return [{ method: 'GET', path: sourcePath(provider, value), by: COPY }]
}

function inHeaders(headers: Headers): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = []
  headers.forEach((value, name) => {
    const plain = folded(name)
    if (plain === COPY || plain === RENAME) found.push([name, value])
  })
  return found
}

/** `bucket/key`, with or without a slash in front, encoded for a URL, and maybe a version. */
function sourcePath(provider: Provider, value: string): string {
  // Two lines arrive as one value.
  if (/,\s/.test(value)) throw new Unreadable('the source of a copy is named twice')
  const [, source = '', version] = /^([^?]*)(\?.*)?$/s.exec(value) ?? []
  if (version !== undefined && !/^\?versionId=[^&=?#]*$/.test(version)) {
    throw new Unreadable('something follows the source of a copy')
  }
  if (/^arn:/i.test(source)) throw new Unreadable('the source of a copy is not below the base URL')
  return below(provider, source.startsWith('/') ? source : `/${source}`)
}

/** `/bucket/key` as a path of the provider. */
function below(provider: Provider, whole: string): string {
  const check = checkPath(whole)
  // S3 takes a plus in a path for a blank, others for itself.
  if (
    !check.ok ||
    whole.includes('+') ||
    (check.encodedSlash && provider.encoded_slash === 'refuse')
  ) {
    throw new Unreadable('the path of another object cannot be read in one way')
  }
  const prefix = prefixOf(provider.base_url)
  if (whole.startsWith(`${prefix}/`)) return whole.slice(prefix.length)
  throw new Unreadable('another object is not below the base URL')
}

function deletesMany(
  { auth, base_url }: Provider,
  { method, path, query, request }: Call,
): boolean {
  if (method !== 'POST' || auth.type !== 'aws_sigv4') return false
  if (!namesIn(query).has('delete') || placeOf(base_url, path).key !== '') return false
  const shown = shownIn({ headers: request.headers, query: query.slice(1) })
  const service = auth.service ?? ('scope' in shown ? shown.scope.service : '')
  return isS3({ service })
}

function deletedBy(
  provider: Provider,
  { path, request }: Call,
  { bytes }: Content,
): readonly Deed[] {
  const { headers } = request
  const coded = headers.has('content-encoding') || headers.has('x-amz-trailer')
  if (coded) throw new Unreadable('the keys to be deleted cannot be read in one way')
  const { bucket } = placeOf(provider.base_url, path)
  return deleteKeys(bytes).map((key) => ({
    method: 'DELETE',
    path: below(provider, `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`),
    by: 'the body',
  }))
}

/** The names in a query, decoded once. */
export function namesIn(query: string): ReadonlySet<string> {
  const pairs = query.slice(1).split('&')
  return new Set(pairs.map((pair) => decoded((pair.split('=', 1)[0] ?? '').replaceAll('+', ' '))))
}
