import type { Backend } from './backend.ts'

/** The places that a `secret:` may name, by the scheme of its URI. The only list of them. */
export const BACKENDS: ReadonlyMap<string, Backend> = tableOf([])

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

function tableOf(backends: readonly Backend[]): ReadonlyMap<string, Backend> {
  return new Map(backends.map((each) => [each.scheme, each]))
}
