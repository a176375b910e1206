import type { Provider } from '../catalog.ts'

/**
 * Whether an answer may be a part of one (RFC 9110 §14): it is searched by itself, and half a secret at
 * its edge is not found. Clients of S3 download in parts, and what SigV4 sends signs nothing else.
 */
export function takesParts({ scrub, auth }: Pick<Provider, 'scrub' | 'auth'>): boolean {
  return scrub === 'auto' && auth.type === 'aws_sigv4'
}
