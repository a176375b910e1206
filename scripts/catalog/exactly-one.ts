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
    const present = keys.filter((key) => key in found)
    const [first, second] = present
    if (first !== undefined && second !== undefined) {
      const message = `either "${first}" or "${second}", not both`
      context.addIssue({ code: 'custom', path: [second], message, params: AT_KEY })
    }
    const misspelt = context.issues.some(({ code }) => code === 'unrecognized_keys')
    if (first === undefined && !misspelt) {
      context.addIssue({ code: 'custom', message: `expected ${listed(keys)} here`, params: AT_KEY })
    }
  }
}

/** For issues that are about a key and not about its value. */
export const AT_KEY = { at: 'key' } as const
