import type { Ended } from './run.ts'

/** Why a store that was asked gave nothing: it has to be unlocked, it has no such item, or it does not say. */
export type Refusal = 'locked' | 'missing' | 'unclear'

/** Why what a store gave is not a secret. */
export type Unfit = 'folder' | 'hex'

/**
 * A place on a workstation where people keep secrets, read by its vendor's own command line. It is
 * named by the scheme of its references.
 */
export interface Store {
  /** `op`, as in `op://`. */
  readonly scheme: string
  readonly title: string
  /** How a reference is written, for a person who has written another. */
  readonly form: string
  /** Its name on PATH. */
  readonly executable: string
  /** Where that comes from. */
  readonly install: string
  /** What a person does when it is locked. */
  readonly unlock: string
  /** How many may be asked for at a time, once the first was given. One, where each may ask the person. */
  readonly atOnce: number
  /**
   * The arguments that print the item and nothing else; null for a reference of another form. They
   * are no secrets: `ps` shows them.
   */
  readonly argumentsOf: (rest: string) => readonly string[] | null
  readonly refusalOf: (ended: Ended) => Refusal
  /** The secret in what was printed, where that is not simply all of it. */
  readonly secretIn?: (
    printed: string,
    args: readonly string[],
  ) => string | { readonly unfit: Unfit }
  /** What does the same in a shell, after the command. */
  readonly pipe?: string
}

/**
 * What stands between the slashes, percent-decoded. null when a part is empty, cannot be decoded or
 * begins with `-`, which its reader would take for an option.
 */
export function partsOf(text: string): readonly string[] | null {
  const parts = text.split('/').map(decoded)
  return parts.every(isArgument) ? parts : null
}

/** The text that percent-escapes stand for; null when they stand for none. */
export function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Whether it can be an argument that is not taken for an option. */
export function isArgument(text: string | null): text is string {
  // A control character would make the argument another one than the reference shows.
  return text !== null && text !== '' && !text.startsWith('-') && !/\p{Cc}/u.test(text)
}
