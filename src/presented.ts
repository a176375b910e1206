import type { Call } from './call.ts'
import type { Catalog } from './catalog.ts'
import { isCredential } from './headers.ts'
import { keysIn } from './path_slot.ts'
import { decoded, paramsNamed } from './query.ts'
import { keyIdOf, keyIdsIn } from './sigv4/shown.ts'

/** Everything a caller showed as a key of its own: contract §5. */
export interface Presented {
  /** What decides: `X-Outpost-Auth` alone when it was sent, else whatever stood in an SDK's slot. */
  readonly deciding: readonly string[]
  readonly all: readonly string[]
  /**
   * The key that let a caller in, and every grant token. Any other word that it showed may be one of
   * the path: to take it out of the record would hide what was asked.
   */
  readonly keys: (key: string) => readonly string[]
  /** Where that key stood, and every grant token: none of these may go upstream. */
  readonly carriers: (key: string) => Carriers
}

/** Headers, lower case, and query parameters. */
export interface Carriers {
  readonly headers: readonly string[]
  readonly params: readonly string[]
}

/** The slots of all providers together: what a caller showed does not depend on which one it names. */
export interface KnownSlots {
  /** By lower-case name: the prefixes that some provider has in front of the key. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly params: readonly string[]
}

export const NO_SLOTS: KnownSlots = { headers: new Map(), params: [] }

/** `op_` and 43 base-62 characters: 256 bits without punctuation. */
const GRANT_TOKEN = /^op_[0-9A-Za-z]{43}$/

const HOLDS_GRANT_TOKEN = /op_[0-9A-Za-z]{43}/

export function isGrantToken(text: string): boolean {
  return GRANT_TOKEN.test(text)
}

/** At the end of what clients take for a key of their API's by what it begins with: `sk_test_op_…`. */
const PREFIXED_TOKEN = /^(?:[0-9A-Za-z_-]{1,20}_)?(op_[0-9A-Za-z]{43})$/

/** The grant token that a word is, alone or behind the prefix of somebody else's keys. */
function grantTokensIn(word: string): readonly string[] {
  const token = PREFIXED_TOKEN.exec(word)?.[1]
  return token === undefined ? NOTHING : [token]
}

/** The slots of a catalog. Worked out once. */
export function slotsOf(catalog: Catalog): KnownSlots {
  let slots = known.get(catalog)
  if (!slots) known.set(catalog, (slots = gather(catalog)))
  return slots
}

const known = new WeakMap<Catalog, KnownSlots>()

function gather({ providers }: Catalog): KnownSlots {
  const headers = new Map<string, string[]>()
  const params = new Set<string>()
  for (const { credential, auth } of providers.values()) {
    const prefix = 'prefix' in auth ? auth.prefix : ''
    for (const name of credential.headers) {
      headers.set(name, [...new Set([...(headers.get(name) ?? []), prefix])])
    }
    for (const param of credential.params) params.add(param)
  }
  return { headers, params: [...params] }
}

interface Shown {
  readonly value: string
  readonly header?: string
  readonly param?: string
}

/** Collects what stands in `X-Outpost-Auth`, `Authorization`, the path, and the slots of any provider. */
export function presentedIn({ request, query, inPath }: Call, slots: KnownSlots): Presented {
  const { headers } = request
  const explicit = headers.get('x-outpost-auth')
  const shown: readonly Shown[] = [
    ...inHeaders(headers, slots),
    ...paramsNamed(query.slice(1), slots.params).flatMap(withKeyId),
  ]
  const inSlots = shown.map(({ value }) => value)
  const ofPath = inPath ? keysIn(inPath) : NOTHING
  // What is no key of ours has left the path already, and might be a word of the rest of it.
  const all = [...inSlots, ...ofPath.filter(isGrantToken)]
  return {
    deciding: explicit === null ? [...inSlots, ...ofPath] : [explicit],
    all: explicit === null ? all : [explicit, ...all],
    keys: (key) => [key, ...all.filter(isGrantToken)],
    carriers: (key) => {
      // No key is wanted of some callers: what is empty is then theirs, and goes as it was sent.
      const isOurs = (value: string) => (key !== '' && value === key) || isGrantToken(value)
      const ours = shown.filter(({ value }) => isOurs(value))
      const referer = showsKey(headers.get('referer') ?? '', key) ? ['referer'] : NOTHING
      return {
        headers: [...ours.flatMap(({ header }) => header ?? []), ...referer],
        params: ours.flatMap(({ param }) => param ?? []),
      }
    },
  }
}

/** The URL before this one may have had the caller's key in its path or its query. */
function showsKey(referer: string, key: string): boolean {
  const texts = referer === '' ? NOTHING : [referer, decoded(referer)]
  return texts.some((text) => (key !== '' && text.includes(key)) || HOLDS_GRANT_TOKEN.test(text))
}

/** What is presigned has its key's id in front of a scope. */
function withKeyId(shown: { readonly param: string; readonly value: string }): readonly Shown[] {
  const { param, value } = shown
  return param === 'X-Amz-Credential' ? [shown, { param, value: keyIdOf(value) }] : [shown]
}

function inHeaders(headers: Headers, slots: KnownSlots): Shown[] {
  const shown: Shown[] = []
  // Not an iterator, of which each step would be a call into the runtime.
  headers.forEach((value, header) => {
    for (const each of keysOf(header, value, slots)) shown.push({ value: each, header })
  })
  return shown
}

function keysOf(header: string, value: string, slots: KnownSlots): readonly string[] {
  if (header === 'sec-websocket-protocol') {
    return protocolsIn(value).flatMap((each) => keyInProtocol(each) ?? NOTHING)
  }
  const own = header === 'authorization' ? authorization(value) : NOTHING
  const prefixes = slots.headers.get(header)
  if (!prefixes) return isCredential(header) && isGrantToken(value) ? [...own, value] : own
  const bare = prefixes
    .filter((prefix) => prefix !== '' && value.startsWith(prefix))
    .map((prefix) => value.slice(prefix.length))
  return [...own, value, ...bare]
}

const NOTHING: readonly string[] = []

/** The subprotocols of a list: RFC 6455 §4.1. */
export function protocolsIn(list: string): readonly string[] {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/**
 * The key that stands in a web socket's subprotocol, where a browser has no other place for one; null
 * when it is none. OpenAI's way is `openai-insecure-api-key.KEY`
 * (https://developers.openai.com/api/docs/guides/realtime-websocket); a grant token is one by itself,
 * as in Deepgram's `token, KEY`, and behind the last dot of anything. Kubernetes has it in base64url.
 */
export function keyInProtocol(protocol: string): string | null {
  if (protocol.startsWith(OPENAI_KEY)) return protocol.slice(OPENAI_KEY.length)
  if (protocol.startsWith(KUBERNETES_KEY)) {
    return decodeBase64(fromUrl(protocol.slice(KUBERNETES_KEY.length)))
  }
  const last = protocol.slice(protocol.lastIndexOf('.') + 1)
  return isGrantToken(last) ? last : null
}

/** https://github.com/kubernetes/apiserver/blob/master/pkg/authentication/request/websocket/protocol.go */
const KUBERNETES_KEY = 'base64url.bearer.authorization.k8s.io.'

function fromUrl(base64url: string): string {
  return base64url.replaceAll('-', '+').replaceAll('_', '/')
}

const OPENAI_KEY = 'openai-insecure-api-key.'

/**
 * The keys in a value of `Authorization`, whichever provider is meant. Bearer and token: the rest of
 * the value, or its `token=` (as Rails has it). Basic (RFC 7617): the user name, and the password.
 * AWS: the id of the key. Behind any other word, and among the parameters of any scheme: what has
 * the form of a grant token, also behind a prefix, since Stripe's command line takes no key without
 * `sk_test_` or the like.
 */
function authorization(value: string): readonly string[] {
  const [, scheme = '', rest = ''] = /^(bearer|token|basic)[ \t]+(.*)$/i.exec(value) ?? []
  const tokens = value.split(/[\s,;="]+/).flatMap(grantTokensIn)
  if (/^aws/i.test(value)) return [...new Set([...keyIdsIn(value), ...tokens])]
  if (scheme.toLowerCase() === 'basic') return [...pairOf(rest.trim()), ...tokens]
  const shown = scheme === '' ? [] : tokensOf(rest.trim())
  return [...new Set([...shown, ...tokens])]
}

function tokensOf(rest: string): readonly string[] {
  const [, quoted, bare] = TOKEN_PARAM.exec(rest) ?? []
  return [/\s/.test(rest) ? '' : rest, quoted ?? bare ?? ''].filter((each) => each !== '')
}

/**
 * `Token token="…", nonce="…"`: `ActionController::HttpAuthentication::Token`,
 * https://api.rubyonrails.org/classes/ActionController/HttpAuthentication/Token.html
 */
const TOKEN_PARAM = /^token=(?:"([^"]*)"|([^\s,;"]+))/i

/** The parts of a pair. Where either has a `:`, a grant token is found all the same. */
function pairOf(encoded: string): readonly string[] {
  const pair = decodeBase64(encoded)
  const colon = pair.indexOf(':')
  const parts = colon < 0 ? [pair] : [pair.slice(0, colon), pair.slice(colon + 1)]
  return [...new Set([...parts, ...pair.split(':').flatMap(grantTokensIn)])]
}

function decodeBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.codePointAt(0) ?? 0)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return ''
  }
}
