import type { Catalog, Credential } from '../../src/catalog.ts'
import { readSettings, SETTINGS, text } from '../../src/settings.ts'
import { backendOf } from '../../src/sources/index.ts'
import { endpointsOf } from '../catalog/auth-endpoints.ts'
import { partNames } from './certificates.ts'

/** What a compiled catalog wants from the one who runs it. */
export interface Needs {
  readonly secrets: readonly string[]
  readonly baseUrls: readonly string[]
  /** URIs of secrets that are kept elsewhere. Default: none. */
  readonly uris?: readonly string[]
  /** Bindings of client certificates. Default: none. */
  readonly certificates?: readonly string[]
}

/** Every secret that hosts and providers name, and every address that providers name. */
export function needsOf(compiled: {
  readonly CATALOG: Catalog
  readonly SECRET_NAMES: readonly string[]
}): Needs {
  const { CATALOG, SECRET_NAMES } = compiled
  const providers = Array.from(CATALOG.providers.values())
  return {
    secrets: SECRET_NAMES,
    baseUrls: providers.flatMap(({ base_url, auth }) => [
      base_url,
      ...endpointsOf(auth).map(({ url }) => url),
    ]),
    uris: providers.flatMap(({ credential }) => urisIn(credential)),
    certificates: [...new Set(providers.flatMap(({ mtls }) => mtls ?? []))],
  }
}

function urisIn({ secrets }: Credential): readonly string[] {
  return secrets
    .flatMap((ref) => (ref.previous ? [ref, ref.previous] : [ref]))
    .flatMap((place) => ('secret' in place ? [place.secret] : []))
}

/**
 * The variables that the Worker reads: its settings, the secrets of the catalog, and the settings of
 * those places alone where a provider keeps one. A shell may well have keys of another.
 */
export function namesOf({ secrets, uris = [] }: Omit<Needs, 'baseUrls'>): readonly string[] {
  return [...new Set([...SETTINGS, ...sourceSettings(uris), ...secrets])]
}

/** All that is looked for on this machine: what the Worker reads, and what certificates are made of. */
export function wantedBy(needs: Needs): readonly string[] {
  const parts = (needs.certificates ?? []).flatMap((name) => Object.values(partNames(name)))
  return [...new Set([...namesOf(needs), ...parts])]
}

function sourceSettings(uris: readonly string[]): readonly string[] {
  return [...new Set(uris.flatMap((uri) => backendOf(uri)?.settings ?? []))]
}

/** Every URL that the Worker calls, by its catalog and its variables. */
export function calledBy(
  { baseUrls, uris = [] }: Needs,
  env: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...baseUrls, ...settingsCalled(env), ...backendsCalled(uris, env)]
}

/**
 * What the settings have the Worker call: whoever is told of approvals, and a team of Cloudflare
 * Access on this machine, as tests have it. A real one has a public address.
 */
function settingsCalled(env: Readonly<Record<string, unknown>>): readonly string[] {
  const { access } = readSettings(env)
  const isLocal = access !== null && 'origin' in access && access.origin.startsWith('http:')
  const webhook = text(env, 'APPROVAL_WEBHOOK_URL')
  return [...(isLocal ? [access.origin] : []), ...(URL.canParse(webhook) ? [webhook] : [])]
}

/** Where the secrets are kept that providers name: those settings of the backends that are addresses. */
function backendsCalled(
  uris: readonly string[],
  env: Readonly<Record<string, unknown>>,
): readonly string[] {
  return sourceSettings(uris)
    .map((name) => text(env, name))
    .filter((value) => /^https?:\/\//i.test(value) && URL.canParse(value))
}
