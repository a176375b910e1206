import type { Operation } from '../operation.ts'
import { readingsOf } from '../policy/path.ts'
import { denials } from '../policy/rules.ts'

/** The rules of a protocol that is spoken at a path. */
interface Placed {
  readonly path: string
}

/**
 * Whether a path is the one of these rules in some reading (`at`), or one that a server may take for it:
 * Express has what it mounts there for all that is below, Rails whatever format is behind a dot (`near`).
 */
export function placeOf(rules: Placed, path: string): 'at' | 'near' | null {
  const known = places.get(rules) ?? placesIn(rules)
  places.set(rules, known)
  const readings = readingsOf(path)
  if (known.at(readings) >= 0) return 'at'
  return known.near(readings) >= 0 ? 'near' : null
}

/** Near its path an operation is refused and sensitive as there, and takes nothing from what the path says. */
export function asPlaced(operation: Operation, rules: Placed, path: string): Operation {
  const { name, ruling } = operation
  const milder = ruling?.is === 'allow' && !ruling.sensitive
  return milder && placeOf(rules, path) === 'near' ? { name, ruling: null } : operation
}

const places = new WeakMap<Placed, ReturnType<typeof placesIn>>()

function placesIn({ path }: Placed) {
  const plain = path.replace(/\/$/, '')
  return {
    at: denials([path]),
    near: denials([`${plain}/**`, ...(plain === '' ? [] : [`${plain}.*`])]),
  }
}
