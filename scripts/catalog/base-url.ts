import { isDotSegment } from '../../src/policy/written.ts'
import { Wrong } from './problem.ts'

const SHAPE = /^https?:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?(\/[^?#]*)?$/i

/** Bytes that cannot stand in a path, or mean a separator to somebody when they are decoded. */
const TRICK = /%(?![0-9a-f]{2})|%(?:2e|2f|5c|25|7f|[01][0-9a-f])/i

/**
 * The base of an upstream in its one form: scheme and host in lower case, no default port, no slash
 * at the end. The text is never shown in an error, since people write passwords into URLs.
 */
export function baseUrl(text: string): string | Wrong {
  const why = whyNotUrl(text) ?? whyNotPath(pathOf(text))
  if (why !== null) return new Wrong(why)
  const { origin } = new URL(text)
  return origin + pathOf(text).replace(/\/$/, '')
}

/** The address of a token endpoint: as `baseUrl`, but a query may follow. */
export function endpointUrl(text: string): string | Wrong {
  const why = whyNotUrl(text.replace(/\?[^#]*$/, ''))
  return why === null ? new URL(text).href : new Wrong(why)
}

function whyNotUrl(text: string): string | null {
  if (!/^https?:\/\//i.test(text)) return 'expected a URL that begins with https:// or http://'
  if (/[^\x21-\x7e]/.test(text)) return 'a URL has no spaces, control or non-ASCII characters here'
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) return 'no user name or password in a URL; use auth:'
  if (/[?#]/.test(text)) return 'no query and no fragment: "?" and "#" cannot be here'
  if (text.includes('\\')) return 'no backslash in a URL'
  return SHAPE.test(text) && URL.canParse(text) ? null : 'the host or port is not valid'
}

function whyNotPath(path: string): string | null {
  if (path.includes('//')) return 'the path has an empty segment: "//"'
  if (path.split('/').some(isDotSegment)) return 'the path has a dot segment: "." or ".."'
  if (TRICK.test(path)) return 'the path has a percent code that servers read in different ways'
  const same = new URL(path, 'https://x').pathname === (path || '/')
  return same ? null : 'the path has a character that must be percent-encoded'
}

function pathOf(text: string): string {
  return SHAPE.exec(text)?.[1] ?? ''
}
