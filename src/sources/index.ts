import { awsSm } from './aws_sm.ts'
import { schemeOf } from './backend.ts'
import type { Backend } from './backend.ts'
import { doppler } from './doppler.ts'
import { infisical } from './infisical.ts'
import { op } from './op.ts'
import { vault } from './vault.ts'

/**
 * The places that a `secret:` may name, by the scheme of its URI. The only list of them. A Worker has
 * those that its providers name: `src/generated/catalog.ts`.
 */
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
