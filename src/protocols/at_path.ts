import { readingsOf } from '../policy/path.ts'
import { denials } from '../policy/rules.ts'

interface Placed {
  /** A pattern. */
  readonly path: string
}

/** Whether a path is the one that the rules are for, in any reading of it. */
export function isAt(rules: Placed, path: string): boolean {
  let among = known.get(rules)
  if (!among) known.set(rules, (among = denials([rules.path])))
  return among(readingsOf(path)) >= 0
}

const known = new WeakMap<Placed, ReturnType<typeof denials>>()
