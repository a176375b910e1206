import type { Path, Problem } from './problem.ts'
import { textOf } from './value.ts'
import { isEmpty, isMapping, isNull, itemsOf } from './word.ts'
import type { Tree } from './word.ts'
import type { YamlFile } from './yaml.ts'

/** What a provider says, and where: one file, or an alias joined with what it extends. */
export type Written = Pick<YamlFile, 'file' | 'tree' | 'problems' | 'problem'>

/** A map of a file, as it is written. */
export type Mapping = { readonly [key: string]: Tree }

/** What every file says for itself: an alias of a disabled provider is not disabled. */
const OWN_KEYS: ReadonlySet<string> = new Set(['name', 'enabled', 'extends'])

/**
 * An alias with everything of its base that it does not say itself. Keys of the top replace the
 * base's. `auth` without a `type`, and `forwarding`, replace key by key; `forwarding.deny` is added
 * to the base's, and nothing that an alias can say takes a pattern of the base's away. Problems
 * with what is inherited are at home in the base's file.
 */
export class Extended implements Written {
  readonly file: string
  readonly tree: Tree
  readonly problems: readonly Problem[]
  readonly #own: YamlFile
  readonly #base: Written
  readonly #mine: Mapping
  readonly #inherited: Mapping

  constructor(own: YamlFile, mine: Mapping, base: Written, inherited: Mapping) {
    this.file = own.file
    this.#own = own
    this.#mine = mine
    this.#base = base
    this.#inherited = inherited
    this.tree = merged(mine, inherited)
    this.problems = [...own.problems, ...this.#otherTenant()]
  }

  /** As of a file: {@link YamlFile.problem}. What is inherited names this file in `via`. */
  problem(path: Path, message: string, at: 'key' | 'value' = 'value'): Problem {
    const home = this.#home(path)
    if (home.mine) return this.#own.problem(home.path, message, at)
    return { ...this.#base.problem(home.path, message, at), via: this.file }
  }

  /** What belongs to one tenant cannot be handed to another, nor to all. */
  #otherTenant(): Problem[] {
    const tenant = textOf(this.#inherited['tenant'])
    if (tenant === null || !says(this.#mine, 'tenant')) return []
    if (textOf(this.#mine['tenant']) === tenant) return []
    const { file, line } = this.#base.problem(['tenant'], '')
    const message = `what it extends belongs to the tenant "${tenant}" alone (${file}:${line})`
    return [this.#own.problem(['tenant'], message)]
  }

  #home(path: Path): Home {
    const [key, inner] = path
    if (key === undefined || OWN_KEYS.has(String(key))) return { mine: true, path }
    if (!says(this.#mine, key)) return { mine: false, path }
    const whole = inner === undefined || !joins(String(key), this.#mine[key])
    return whole ? { mine: true, path } : this.#homeWithin(key, inner, path)
  }

  #homeWithin(key: string | number, inner: string | number, path: Path): Home {
    const [, , index, ...rest] = path
    if (key !== 'forwarding' || inner !== 'deny' || typeof index !== 'number') {
      const isMine = says(this.#mine[key], inner) || !says(this.#inherited[key], inner)
      return { mine: isMine, path }
    }
    // The base's patterns stand before the alias's own.
    const before = itemsOf(denyOf(this.#inherited)).length
    if (index < before) return { mine: false, path }
    return { mine: true, path: [key, inner, index - before, ...rest] }
  }
}

/** Whose text it is that stands at a path, and where in that file. */
interface Home {
  readonly mine: boolean
  readonly path: Path
}

function merged(mine: Mapping, inherited: Mapping): Mapping {
  const forwarding = mergedForwarding(mine, inherited)
  return {
    ...Object.fromEntries(Object.entries(inherited).filter(([key]) => !OWN_KEYS.has(key))),
    ...mine,
    ...(says(mine, 'auth') && { auth: mergedAuth(mine['auth'], inherited['auth']) }),
    ...(forwarding !== undefined && { forwarding }),
  }
}

function mergedAuth(mine: Tree = '', inherited: Tree = ''): Tree {
  if (!joins('auth', mine) || !isMapping(inherited) || !isMapping(mine)) return mine
  const kept = Object.entries(inherited).filter(([key]) => !isReplaced(key, mine))
  return { ...Object.fromEntries(kept), ...mine }
}

/** Other spellings of one secret. */
const SPELLINGS: readonly (readonly string[])[] = [
  ['env', 'secret', 'value'],
  ['key_env', 'key'],
  ['secret_env', 'secret'],
  ['username_env', 'user_env', 'username'],
  ['password_env', 'pass_env', 'password'],
  ['client_id_env', 'client_id'],
  ['client_secret_env', 'client_secret'],
  ['refresh_token_env', 'refresh_token'],
  ['env_seed', 'seed'],
]

/**
 * Who names another secret, in whatever spelling, does not mean the base's beside it; least of all
 * the base's value from before.
 */
function isReplaced(key: string, mine: Mapping): boolean {
  return SPELLINGS.some(
    (words) =>
      (words.includes(key) || (key === 'previous' && words.includes('env'))) &&
      words.some((word) => says(mine, word)),
  )
}

/** What is not a map or a list where one belongs is refused in the file that says it. */
function mergedForwarding(mine: Mapping, inherited: Mapping): Tree | undefined {
  const own = mine['forwarding']
  const base = inherited['forwarding']
  if (!saysSomething(own)) return base
  if (!isMapping(own) || !isMapping(base)) return own
  const deny = mergedDeny(own['deny'], base['deny'])
  return { ...base, ...own, ...(deny !== undefined && { deny }) }
}

function mergedDeny(own: Tree | undefined, base: Tree | undefined): Tree | undefined {
  if (!saysSomething(own)) return base
  return Array.isArray(own) && Array.isArray(base) ? [...itemsOf(base), ...itemsOf(own)] : own
}

function denyOf({ forwarding }: Mapping): Tree | undefined {
  return isMapping(forwarding) ? forwarding['deny'] : undefined
}

/** Whether a section of an alias is joined with the base's, key by key, and does not replace it. */
function joins(key: string, mine: Tree | undefined): boolean {
  if (key === 'auth') return isMapping(mine) && !says(mine, 'type')
  return key === 'forwarding' && (isMapping(mine) || !saysSomething(mine))
}

function saysSomething(found: Tree | undefined): found is Tree {
  return found !== undefined && !isEmpty(found) && !isNull(found)
}

function says(tree: Tree | undefined, key: string | number): boolean {
  return isMapping(tree) && Object.hasOwn(tree, key)
}
