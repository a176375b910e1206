import type { Host } from '../../src/catalog.ts'
import type { Written } from './extended.ts'
import type { Problem } from './problem.ts'
import { secretNamesIn } from './secret-names.ts'
import type { YamlFile } from './yaml.ts'

/** By name, the table of wrangler.toml that a binding is in. */
export type Bindings = ReadonlyMap<string, string>

export const NO_BINDINGS: Bindings = new Map()

/** Tables whose bindings have their name in `name`. */
const BY_NAME: ReadonlySet<string> = new Set(['durable_objects', 'send_email'])

/**
 * The bindings in the text of a wrangler.toml that are no secrets. wrangler reads the file itself, and
 * takes seconds to be loaded; this knows tables, comments and inline tables, a line at a time.
 */
export function bindingsIn(toml: string): Bindings {
  const found = new Map<string, string>()
  let section = ''
  let table = ''
  for (const line of toml.split('\n').map(withoutComment)) {
    const heading = /^\s*\[\[?([^[\]{}=]+)\]\]?\s*$/.exec(line)?.[1]
    const key = /^\s*([\w."'-]+)\s*=/.exec(line)?.[1]
    if (heading !== undefined) section = table = tableOf(heading)
    // What stands in the lists and maps of a key belongs to it, on the lines that follow too.
    else if (key !== undefined) table = section === '' ? tableOf(key) : section
    for (const name of namesIn(line, table)) found.set(name, table)
  }
  return found
}

/** `kv_namespaces` of `env.production.kv_namespaces`. */
function tableOf(heading: string): string {
  const parts = heading.split('.').map((part) => part.trim().replaceAll(/["']/g, ''))
  return (parts[0] === 'env' ? parts[2] : parts[0]) ?? ''
}

function namesIn(line: string, table: string): readonly string[] {
  if (table === 'secrets_store_secrets') return []
  const key = BY_NAME.has(table) ? '(?:binding|name)' : 'binding'
  const assigned = new RegExp(`(?<![\\w-])["']?${key}["']?\\s*=\\s*["']([^"']+)["']`, 'g')
  return Array.from(line.matchAll(assigned)).flatMap(([, name]) => name ?? [])
}

function withoutComment(line: string): string {
  return /^(?:[^#"']|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)?.[0] ?? ''
}

/** Secrets of a provider that have the name of a binding: what is there is no text. */
export function boundSecrets(source: Written, bindings: Bindings): Problem[] {
  return secretNamesIn(source).flatMap(({ name, path }) => {
    const table = bindings.get(name)
    return table === undefined ? [] : [source.problem(path, messageOf(name, table))]
  })
}

/** The same of the keys of hosts. */
export function boundKeys(
  source: YamlFile | null,
  hosts: readonly Host[],
  bindings: Bindings,
): Problem[] {
  return hosts.flatMap(({ auth_token_env: name }, index) => {
    const table = name === null ? undefined : bindings.get(name)
    if (source === null || name === null || table === undefined) return []
    return [source.problem(['hosts', index, 'auth_token_env'], messageOf(name, table))]
  })
}

function messageOf(name: string, table: string): string {
  return `${name} is a binding of wrangler.toml (${table}), and no secret; choose another name`
}
