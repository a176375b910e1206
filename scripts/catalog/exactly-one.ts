import type { z } from 'zod'

import { listed } from './value.ts'
import { isMapping } from './word.ts'

/** For `superRefine`: the check looks at keys alone, so it need not wait for valid values. */
export const ALWAYS = { when: ({ value }: { value: unknown }) => isMapping(value) }

/**
 * A check that a map has exactly one of these keys. It runs even when other things in the map are
 * wrong, but does not ask for a key where one may be misspelt.
 */
export function exactlyOne(...keys: readonly string[]) {
  return (found: object, context: z.RefinementCtx): void => {
    atMostOne(...keys)(found, context)
    const misspelt = context.issues.some(({ code }) => code === 'unrecognized_keys')
    if (!keys.some((key) => key in found) && !misspelt) {
      context.addIssue({ code: 'custom', message: `expected ${listed(keys)} here`, params: AT_KEY })
    }
  }
}

/** A check that a map has no two of these keys. */
export function atMostOne(...keys: readonly string[]) {
  return (found: object, context: z.RefinementCtx): void => {
    const [first, second] = keys.filter((key) => key in found)
    if (first === undefined || second === undefined) return
    const message = `either "${first}" or "${second}", not both`
    context.addIssue({ code: 'custom', path: [second], message, params: AT_KEY })
  }
}

/** For issues that are about a key and not about its value. */
export const AT_KEY = { at: 'key' } as const
