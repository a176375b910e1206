import { rewriteLocation } from '../location.ts'
import type { Permit } from '../policy/decision.ts'

/**
 * A URL that an upstream names, as the agent may follow it: one of the provider's becomes one of the
 * proxy's, under the origin by which the agent came. Any other, and what is no absolute URL, stays as it is.
 * A template (RFC 6570) stays one.
 */
export function urlForAgent(text: string, permit: Permit): string {
  const { origin } = permit.call
  if (origin === undefined || !/^https?:\/\//i.test(text)) return text
  const path = rewriteLocation(text, text, permit)
  if (!path.startsWith('/')) return text
  return origin + (/%7b|%7d/i.test(text) ? path : withBraces(path))
}

/** The target of a `Link`, which may be relative to the URL that was asked. */
export function targetForAgent(target: string, sentTo: string, permit: Permit): string {
  const said = rewriteLocation(target, sentTo, permit)
  return said.startsWith('/') ? (permit.call.origin ?? '') + said : said
}

/** URL parsing escapes them in a path, and in no query. */
function withBraces(path: string): string {
  return path.replaceAll('%7B', '{').replaceAll('%7D', '}')
}
