import { z } from 'zod'

import { didYouMean } from './nearest.ts'
import type { Path } from './problem.ts'
import { expected } from './value.ts'

/** One issue of the schema, before its place in the file is looked up. */
export interface Fault {
  readonly path: Path
  readonly at: 'key' | 'value'
  readonly message: string
}

/** Where a key belongs that somebody wrote elsewhere: `deny` → `under "forwarding"`. */
export type Homes = ReadonlyMap<string, string>

/** What `schema` makes of a tree, or everything that is wrong with it. */
export function validated<T>(
  schema: z.ZodType<T>,
  tree: unknown,
  homes: Homes,
): { readonly data: T | null; readonly faults: readonly Fault[] } {
  const parsed = schema.safeParse(tree, { error: (issue) => explained(issue, homes) })
  if (parsed.success) return { data: parsed.data, faults: [] }
  return { data: null, faults: parsed.error.issues.flatMap((issue) => faultsOf(issue)) }
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function explained(issue: z.core.$ZodRawIssue, homes: Homes): string | undefined {
  if (issue.code === 'invalid_type') {
    return expected(COLLECTIONS[issue.expected] ?? 'a value', issue.input, false)
  }
  if (issue.code !== 'unrecognized_keys') return undefined
  const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : []
  return issue.keys.map((key) => unknownKey(key, known, homes)).join('\n')
}

/** A key of another level is more likely misplaced than misspelt. */
function unknownKey(key: string, known: readonly string[], homes: Homes): string {
  const home = homes.get(key)
  if (home !== undefined) return `unknown key here; it belongs ${home}`
  return `unknown key${didYouMean(key, known) || `; known here: ${known.join(', ')}`}`
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? '' : step))
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      at: 'key',
      message: messages[index] ?? 'unknown key',
    }))
  }
  if (issue.code === 'invalid_key') {
    return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }]
  }
  const at = issue.code === 'custom' && issue.params?.['at'] === 'key' ? 'key' : 'value'
  return [{ path, at, message: issue.message }]
}
