import type { z } from 'zod'

import { folded } from '../../src/headers.ts'
import { AT_KEY } from './exactly-one.ts'

/** A check that no two keys of a map are one header: `X-Key` and `x_key` are one to many servers. */
export function distinctHeaders(headers: object, context: z.RefinementCtx): void {
  report(
    Object.keys(headers).map((name) => [name, name]),
    context,
  )
}

/** A check that these keys of a map name different headers, or different parameters. */
export function distinctPlaces(...keys: readonly string[]) {
  return (found: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const named = keys.map((key) => [key, found[key]] as const)
    report(
      named.flatMap(([key, name]) => (typeof name === 'string' ? [[key, name] as const] : [])),
      context,
    )
  }
}

function report(places: readonly (readonly [string, string])[], context: z.RefinementCtx): void {
  const seen = new Map<string, string>()
  for (const [key, name] of places) {
    const other = seen.get(folded(name))
    if (other === undefined) {
      seen.set(folded(name), key)
    } else {
      const message = `the same place as "${other}"`
      context.addIssue({ code: 'custom', path: [key], message, params: AT_KEY })
    }
  }
}
