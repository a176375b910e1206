import { TOKEN_SHAPES } from '../../src/audit/redact.ts'
import type { Host } from '../../src/catalog.ts'
import { SETTINGS } from '../../src/settings.ts'
import { SOURCE_SETTINGS } from '../../src/sources/index.ts'
import type { Written } from './extended.ts'
import type { Path, Problem } from './problem.ts'
import { textOf } from './value.ts'
import { isMapping } from './word.ts'
import type { Tree } from './word.ts'

const RESERVED: ReadonlySet<string> = new Set([...SETTINGS, ...SOURCE_SETTINGS, 'CLIENT_IP_SOURCE'])

/** The keys of `auth` that name a secret: `env`, `key_env`, `env_seed`. */
const NAMES_SECRET = /(?:^|_)env(?:_seed)?$/

/**
 * Whether a variable is the installation's own. As the secret of a provider it would be sent to an
 * upstream, as the key of a host given to agents.
 */
export function isSetting(name: string): boolean {
  return RESERVED.has(name)
}

/** Whether a text has something of the shape of a well-known token in it. */
export function looksLikeToken(text: string): boolean {
  return Array.from(text.matchAll(TOKEN_SHAPES)).some(
    // "task-…" is a word, "sk-…" a key.
    ({ index }) => !/[0-9A-Za-z]/.test(text.charAt(index - 1)),
  )
}

/** Secrets of a provider's `auth` that are not there for an upstream: keys of hosts, our own. */
export function foreignSecrets(source: Written, hosts: readonly Host[]): Problem[] {
  const owners = new Map(hosts.map(({ id, auth_token_env }) => [auth_token_env, id]))
  return secretNamesIn(source).flatMap(({ name, path }) => {
    const owner = owners.get(name)
    if (owner !== undefined) {
      const message = `${name} is the key of the host "${owner}"; an upstream must not get it`
      return [source.problem(path, message)]
    }
    if (!name.startsWith('OUTPOST_') || isSetting(name)) return []
    const message = `${name}: names that begin with OUTPOST_ are Outpost's own; choose another`
    return [source.problem(path, message)]
  })
}

/** The names of secrets in a provider's `auth`, and where each stands. */
export function secretNamesIn(source: Written): { name: string; path: Path }[] {
  return namesIn(isMapping(source.tree) ? source.tree['auth'] : undefined, ['auth'])
}

function namesIn(tree: Tree | undefined, path: Path): { name: string; path: Path }[] {
  if (!isMapping(tree)) return []
  return Object.entries(tree).flatMap(([key, each]) => {
    const name = NAMES_SECRET.test(key) ? textOf(each) : null
    return name === null ? namesIn(each, [...path, key]) : [{ name, path: [...path, key] }]
  })
}
