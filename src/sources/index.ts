import { awsSm } from './aws_sm.ts'
import type { Backend } from './backend.ts'
import { doppler } from './doppler.ts'
import { infisical } from './infisical.ts'
import { op } from './op.ts'
import { vault } from './vault.ts'

/** The places that a `secret:` may name, by the scheme of its URI. The only list of them. */
export const BACKENDS: ReadonlyMap<string, Backend> = new Map(
  [op, infisical, doppler, vault, awsSm].map((backend) => [backend.scheme, backend]),
)

/** The Worker's own settings that some backend reads. Like `SETTINGS`, they are nobody's secret. */
export const SOURCE_SETTINGS: readonly string[] = [
  ...new Set([...BACKENDS.values()].flatMap(({ settings }) => settings)),
]

/** The backend of a URI; undefined when it has no scheme, or one that nobody knows. */
export function backendOf(uri: string): Backend | undefined {
  return BACKENDS.get(schemeOf(uri) ?? '')
}

/** `op` of `op://…`; null when there is none. */
export function schemeOf(uri: string): string | null {
  return /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1] ?? null
}
