import type { Ruling } from '../operation.ts'
import { spoken } from './spoken.ts'

/** Which operations a provider lets through: the same three lists for every protocol that has them. */
export interface Lists {
  /** Goes, and is not sensitive by itself. null: no list; else what no list has is refused. */
  readonly allow: readonly string[] | null
  readonly sensitive: readonly string[]
  /** Asked first. */
  readonly deny: readonly string[]
}

/** One of the things that a call asks for. */
export interface Asked {
  /** For the operator: `mutation.deleteRepository`. */
  readonly name: string
  /** It may change something, as far as can be told. */
  readonly writes: boolean
  /** It is of no account: no complete list has to have it. */
  readonly free?: boolean
}

export interface How {
  /** Whether an entry of a list is one for what is asked. */
  readonly matches: (entry: string, name: string) => boolean
  /** Names are the same in any case to some servers: to `deny` and `sensitive` they are then too. */
  readonly caseless?: boolean
  /** Where the lists stand: `graphql`, `mcp.tools`. */
  readonly place: string
  readonly treat_writes_as_sensitive: boolean
}

/**
 * What becomes of a call that asks for all of these at once: refused if any of them is, sensitive if
 * any is. `deny` is asked first, then `sensitive`, then `allow`.
 */
export function ruled(all: readonly Asked[], lists: Lists, how: How): Ruling {
  return strictest(
    all.map((asked) => one(asked, lists, how)),
    how.place,
  )
}

/** Of rulings that hold together; of those that let it through, one for which an entry spoke. */
export function strictest(rulings: readonly Ruling[], place: string): Ruling {
  return (
    rulings.find((each) => each?.is === 'deny' && each.listed) ??
    rulings.find((each) => each?.is === 'deny') ??
    rulings.find((each) => each?.is === 'allow' && each.sensitive) ??
    rulings.find((each) => each?.is === 'allow' && each.rule !== place) ??
    rulings[0] ??
    null
  )
}

function one(asked: Asked, { allow, sensitive, deny }: Lists, how: How): Ruling {
  const { matches, place } = how
  const { name } = asked
  const at = (list: readonly string[]) => list.findIndex((entry) => matches(entry, name))
  const folded = name.toLowerCase()
  const strictly = (list: readonly string[]) =>
    how.caseless ? list.findIndex((entry) => matches(entry.toLowerCase(), folded)) : at(list)
  const denied = strictly(deny)
  if (denied >= 0) {
    const reason = `${deny[denied]} denies ${spoken(name)}`
    return { is: 'deny', rule: `${place}.deny[${denied}]`, reason, listed: true }
  }
  const guarded = strictly(sensitive)
  if (guarded >= 0) return goes(`${place}.sensitive[${guarded}]`, true)
  const allowed = allow === null ? -1 : at(allow)
  if (allowed >= 0) return goes(`${place}.allow[${allowed}]`, false)
  if (allow !== null && asked.free !== true) {
    const reason = `no entry is for ${spoken(name)}`
    return { is: 'deny', rule: `${place}.allow`, reason, listed: false }
  }
  return goes(place, asked.writes && how.treat_writes_as_sensitive)
}

function goes(rule: string, sensitive: boolean): Ruling {
  return { is: 'allow', sensitive, rule }
}

/** Whether an entry is for a name: `*` is any characters, or none. Takes time linear in both, nearly. */
export function fits(entry: string, name: string): boolean {
  const [head = '', ...rest] = entry.split('*')
  const tail = rest.pop()
  if (tail === undefined) return entry === name
  if (!name.startsWith(head)) return false
  let at = head.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - tail.length >= at && name.endsWith(tail)
}
