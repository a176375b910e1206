import { arrange, denials } from '../policy/rules.ts'

/**
 * What `git check-ref-format` (https://git-scm.com/docs/git-check-ref-format) takes for no name: a
 * component that is empty, begins with a dot or ends in `.lock`, two dots, a final dot, `@{`, and
 * these characters.
 */
// oxlint-disable-next-line no-control-regex -- these are what it looks for
const IMPOSSIBLE = /(?:^|\/)(?:\.|$)|\/\/|\.lock(?:\/|$)|\.\.|\.$|@\{|[\0-\x20\x7f~^:?*[\\]/

/** Whether git could have a ref of that name that somebody may push to. */
export function isRefName(name: string): boolean {
  return name.startsWith('refs/') && !IMPOSSIBLE.test(name)
}

/** What is not to be seen in a name; HFS+ takes several of these for nothing. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/**
 * The names of the file in which a server may keep a ref, in lower case: some disks know no case, or
 * only one form of a letter with an accent, and Windows drops dots at the end of a folder's name.
 */
export function readingsOfRef(name: string): readonly string[] {
  const forms = [name, name.replaceAll(/\.+(?=\/|$)/g, '')].flatMap((each) => {
    const folded = each.normalize('NFKC')
    return [each, folded, folded.replaceAll(INVISIBLE, '')]
  })
  return [...new Set(forms.map((each) => each.toUpperCase().toLowerCase().normalize('NFKC')))]
}

/** `git` of a provider file: what may be pushed to it. */
export interface GitRules {
  /** Patterns of refs to which nothing may be pushed, not even a deletion. */
  readonly deny_push: readonly string[]
  /** Patterns of the only ones to which something may; null: all others. */
  readonly allow_push: readonly string[] | null
  /** Whether a push is a sensitive call. */
  readonly sensitive: boolean
}

/** Each gives the index of the pattern that speaks for a ref, or -1. */
export interface RefPatterns {
  readonly denied: (ref: string) => number
  /** null where every ref is allowed that is not denied. */
  readonly allowed: ((ref: string) => number) | null
}

/** The lists of a provider, arranged once. */
export function refPatternsOf(lists: GitRules): RefPatterns {
  const known = arranged.get(lists)
  if (known) return known
  const denied = denials(lists.deny_push.map((pattern) => pattern.normalize('NFKC')))
  const allowed = lists.allow_push && arrange(lists.allow_push)
  const made: RefPatterns = {
    denied: (ref) => denied(readingsOfRef(ref)),
    allowed: allowed && ((ref) => allowed.first(ref)),
  }
  arranged.set(lists, made)
  return made
}

const arranged = new WeakMap<GitRules, RefPatterns>()
