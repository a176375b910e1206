import type { Deps } from '../deps.ts'

/** On every answer that has none of its own. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
]

/** An answer of the proxy itself, with the headers that all of them have. */
export function own(response: Response, { newId, now }: Deps): Response {
  const { headers } = response
  for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value)
  headers.set('x-outpost-request-id', newId(now()))
  return response
}
