/** Of which nobody expects to read: media, and what is packed or compiled. */
const MEDIA =
  /^(?:(?:image(?!\/svg)|audio(?!\/(?:x-)?(?:mpegurl|scpls))|video|font)\/|\S+\+zip\b|application\/(?:zip|zstd|gzip|pdf|wasm|x-(?:git-(?:upload-pack-result|packed-objects|loose-object)|gzip|g?tar|bzip2?|xz|7z-compressed|rar-compressed)|vnd\.(?:rar|android\.package-archive|(?:openxmlformats|oasis)(?!\S*(?:\+(?:xml|json)|-flat-xml)\b)\S*))(?:\s*;|$))/i

/** Bytes, whatever they are. */
const UNKNOWN = /^(?:application|binary)\/octet-stream\b/i

/** What an answer is to a search for secrets: text, as it seems; not; or to be told by its first bytes. */
export function kindOf(
  headers: Headers,
  scrub: 'auto' | 'always' | 'off',
): 'text' | 'media' | 'unknown' {
  if (scrub !== 'auto') return scrub === 'off' ? 'media' : 'text'
  const type = headers.get('content-type')?.trim() ?? ''
  // Of two types, who knows which one is read.
  if (MEDIA.test(type) && !type.includes(',')) return 'media'
  return UNKNOWN.test(type) && codingOf(headers) === '' ? 'unknown' : 'text'
}

/**
 * Whether bytes are no text: https://mimesniff.spec.whatwg.org/#binary-data-byte, in what it looks at. Text
 * in UTF-16 is text, by its mark or because one half of each character is 0.
 */
export function isBinary(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, SNIFFED))
  if (/^(?:\xfe\xff|\xff\xfe)/.test(text)) return false
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  const wide = /^(?:[^\0]\0)+[^\0]?$|^(?:\0[^\0])+\0?$/.test(text)
  // oxlint-disable-next-line no-control-regex -- and these
  return /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(wide ? text.replaceAll('\0', '') : text)
}

const SNIFFED = 1445

/** Whether what stands bare in it may have to be JSON: undeclared, or events, whose data often is. */
export function isJson(contentType: string | null): boolean {
  return contentType === null || /json|event-stream|javascript/i.test(contentType)
}

/**
 * The coding of a body: '' for none. The runtime takes `gzip` and `br` off a body that is read, written
 * just so; of names in other letters, which mean the same (RFC 9110 §8.4.1), it knows none: here they
 * have an `x-` in front.
 */
export function codingOf(headers: Headers): string {
  const said = headers.get('content-encoding') ?? ''
  const coding = said.toLowerCase()
  if (coding === 'identity') return ''
  return coding !== said && /^(?:gzip|br)$/.test(coding) ? `x-${coding}` : coding
}

/** What `Accept-Encoding` may say to an upstream whose answers are read: RFC 9110 §12.5.3. */
export function readableOf(acceptEncoding: string): string {
  const kept = acceptEncoding
    .split(',')
    .map((each) => each.trim())
    .filter((each) => /^(?:gzip|br|identity)\s*(?:;|$)/i.test(each))
  return kept.length > 0 ? kept.join(', ') : 'identity'
}
