/** Of which nobody expects to read: media, and what is packed or compiled. */
const MEDIA =
  /^(?:(?:image(?!\/svg)|audio(?!\/(?:x-)?(?:mpegurl|scpls))|video|font)\/|\S+\+zip\b|application\/(?:zip|zstd|gzip|pdf|wasm|x-(?:gzip|g?tar|bzip2?|xz|7z-compressed|rar-compressed)|vnd\.(?:rar|android\.package-archive|(?:openxmlformats|oasis)\S*))(?:\s*;|$))/i

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

/** Whether bytes are no text: https://mimesniff.spec.whatwg.org/#binary-data-byte, in what it looks at. */
export function isBinary(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, SNIFFED)
  for (let at = 0; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte < 0x20 && ((BINARY >>> byte) & 1) === 1) return true
  }
  return false
}

const SNIFFED = 1445

/** A bit for each control character but tab, line feed, form feed, carriage return and escape. */
const BINARY = ~((1 << 0x09) | (1 << 0x0a) | (1 << 0x0c) | (1 << 0x0d) | (1 << 0x1b))

/** Whether what stands bare in it may have to be JSON: undeclared, or events, whose data often is. */
export function isJson(contentType: string | null): boolean {
  return contentType === null || /json|event-stream|javascript/i.test(contentType)
}

/** The coding of a body: '' for none. */
export function codingOf(headers: Headers): string {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return coding === 'identity' ? '' : coding
}

/** What `Accept-Encoding` may say to an upstream whose answers are read: RFC 9110 §12.5.3. */
export function readableOf(acceptEncoding: string): string {
  const kept = acceptEncoding
    .split(',')
    .map((each) => each.trim())
    .filter((each) => /^(?:gzip|br|identity)\s*(?:;|$)/i.test(each))
  return kept.length > 0 ? kept.join(', ') : 'identity'
}
