import type { SecretPlace } from '../auth/scheme.ts'
import type { Provider } from '../catalog.ts'
import type { Sources } from './bindings.ts'
import type { Standing } from './keeper.ts'
import { keyOf } from './place.ts'
import type { Side } from './place.ts'

/** How the secrets stand that are kept elsewhere, as the isolate that is asked knows it. No values. */
export interface SourceStanding {
  readonly sources: readonly SourceStatus[]
  readonly rotations: readonly RotationStatus[]
}

/** A place that a provider names. */
export interface SourceStatus extends Standing {
  /** Its URI, or the name of the binding. */
  readonly secret: string
  readonly providers: readonly string[]
  /** Settings without which it cannot be read. */
  readonly missing_settings: readonly string[]
}

/** Which value of a provider's rotated credential is in use. */
export interface RotationStatus {
  readonly provider: string
  readonly live: Side
  /** null: it has been this one from the beginning. */
  readonly since: string | null
  /** What is not set of the previous value: without it there is no other to be tried. */
  readonly missing_previous: readonly string[]
}

/** Reads nothing. */
export function sourceStanding(providers: readonly Provider[], sources: Sources): SourceStanding {
  const users = new Map<string, { readonly place: SecretPlace; readonly names: Set<string> }>()
  for (const { name, credential } of providers) {
    for (const place of placesOf(credential.secrets).filter((each) => sources.isElsewhere(each))) {
      const key = keyOf(place)
      const user = users.get(key) ?? { place, names: new Set() }
      users.set(key, user)
      user.names.add(name)
    }
  }
  return {
    sources: [...users.values()].map(({ place, names }) => ({
      secret: keyOf(place),
      providers: [...names],
      missing_settings: sources.missing(place),
      ...sources.keeper.standing(place),
    })),
    rotations: providers.flatMap((provider) => rotationOf(provider, sources)),
  }
}

function placesOf(refs: Provider['credential']['secrets']): readonly SecretPlace[] {
  return refs.flatMap((ref) => (ref.previous ? [ref, ref.previous] : [ref]))
}

function rotationOf(provider: Provider, sources: Sources): readonly RotationStatus[] {
  const sourced = sources.sourced(provider)
  if (!sourced?.rotation) return []
  const { side, since } = sourced.rotation.standing(sources.now())
  const at = since === null ? null : new Date(since).toISOString()
  const lacks = sourced.refs.flatMap(({ previous }) => (previous ? sources.missing(previous) : []))
  const missing_previous = [...new Set(lacks)]
  return [{ provider: provider.name, live: side, since: at, missing_previous }]
}
