import type { SecretPlace, SecretRef } from '../auth/scheme.ts'

/** Tells one place from another. For maps, and for the operator: it holds no value. */
export function keyOf(place: SecretPlace): string {
  if ('secret' in place) return place.secret
  return 'env' in place ? place.env : ''
}

/** Which of its two values a provider's credential is made of. */
export type Side = 'current' | 'previous'

export function otherThan(side: Side): Side {
  return side === 'current' ? 'previous' : 'current'
}

/** The place of a value. Where there is no value from before, the current one is both. */
export function placeOn(side: Side, ref: SecretRef): SecretPlace {
  return side === 'previous' && ref.previous ? ref.previous : ref
}
