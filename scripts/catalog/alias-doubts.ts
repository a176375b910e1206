import type { Problem } from './problem.ts'
import type { CheckedProvider } from './provider-check.ts'

/**
 * What is right by the letter, and most likely not what the author of an alias wants: a key that is
 * somebody else's, and patterns that no longer mean what they meant. For warnings.
 */
export function aliasDoubts(checked: readonly CheckedProvider[]): readonly Problem[] {
  const byFile = new Map(checked.map((each) => [each.source.file, each]))
  return checked.flatMap((one, index) => {
    const bases = one.bases.flatMap(({ file }) => byFile.get(file) ?? [])
    const before = checked.slice(0, index).filter((other) => !bases.includes(other))
    return [...borrowed(one, bases), ...acrossTenants(one, before), ...moved(one, bases)]
  })
}

/** An alias is there for the sake of another key. */
function borrowed(one: CheckedProvider, bases: readonly CheckedProvider[]): Problem[] {
  const owner = bases.find((base) => sharesAll(one, base))
  if (!owner) return []
  const message = `it has no secret of its own: all are those of "${owner.name}"; name others in "auth"`
  return [one.source.problem(['extends'], message)]
}

/** Most often a file that was copied, and the name of the secret was not changed. */
function acrossTenants(one: CheckedProvider, before: readonly CheckedProvider[]): Problem[] {
  const other = before.find(
    (each) => areApart(one, each) && one.enabled && each.enabled && sharesAll(one, each),
  )
  if (!other) return []
  const message = `tenant "${one.file?.tenant}" gets the secrets of "${other.name}", which is tenant "${other.file?.tenant}"'s`
  return [one.source.problem(['name'], message)]
}

function areApart({ file: one }: CheckedProvider, { file: other }: CheckedProvider): boolean {
  const tenants = [one?.tenant ?? null, other?.tenant ?? null]
  return !tenants.includes(null) && tenants[0] !== tenants[1]
}

function sharesAll(one: CheckedProvider, other: CheckedProvider): boolean {
  const known = new Set(keysOf(other))
  const keys = keysOf(one)
  return keys.length > 0 && keys.every((key) => known.has(key))
}

/** A stored token is at its key, whatever provider asks. A seed only stands in for it. */
function keysOf({ auth, secrets, uris }: CheckedProvider): readonly string[] {
  return auth?.type === 'bearer_redis' ? [`key ${auth.key}`] : [...secrets, ...uris]
}

/** Patterns are compared with the path below `base_url`. */
function moved({ source, file }: CheckedProvider, [base]: readonly CheckedProvider[]): Problem[] {
  if (!file || !base?.file || base.file.forwarding.deny.length === 0) return []
  const [here, there] = [new URL(file.base_url), new URL(base.file.base_url)]
  if (here.host !== there.host || here.pathname === there.pathname) return []
  const message = `the same host as that of "${base.name}", below another path: its "deny" patterns do not match what they matched there`
  return [source.problem(['base_url'], message)]
}
