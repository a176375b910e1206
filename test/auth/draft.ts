import type { Credentials, Draft } from '../../src/auth/scheme.ts'
import { Secret } from '../../src/secret.ts'

/** A draft as `outbound` leaves it, to be signed. */
export function draftOf(
  parts: Partial<Omit<Draft, 'headers'>> & { headers?: HeadersInit } = {},
): Draft {
  return {
    method: 'GET',
    base_url: 'https://api.example',
    path: '/v1/things',
    query: '',
    body: null,
    asked: { method: 'GET', path: '/v1/things', query: '', headers: new Headers() },
    reframing: null,
    ...parts,
    headers: new Headers(parts.headers),
  }
}

/** Credentials from a table by variable name; a literal opens as itself, a missing name throws. */
export function credentialsOf(values: Readonly<Record<string, string>>): Credentials {
  return {
    open: (ref) => {
      const value = 'env' in ref ? values[ref.env] : 'value' in ref ? ref.value : undefined
      if (value === undefined) throw new Error('not set')
      return new Secret(value)
    },
    minted: () => Promise.reject(new Error('nothing is minted here')),
    stored: () => Promise.resolve(null),
    made: (secret) => secret,
  }
}

export function headersOf(draft: Draft): Record<string, string> {
  return Object.fromEntries(draft.headers)
}
