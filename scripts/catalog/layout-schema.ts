import { z } from 'zod'

import type { Layout } from '../../src/layout.ts'
import { providerName } from './provider-name.ts'
import { text, given, list } from './value.ts'

/** Plain segments only: nothing that a server could read in another way. */
const path = text({
  what: 'a path such as /api/v3, without a slash at its end',
  test: /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/(?!$))?)*$/,
  show: true,
})

const layoutShape = {
  prefix: path,
  to: path.default('/'),
  provider: providerName.optional(),
}

const entry = z.preprocess(
  (found) => given(found),
  z.strictObject(layoutShape).transform((found): Layout => ({
    ...found,
    provider: found.provider ?? null,
  })),
)

/** `layout` of a provider file: each path has one entry, and no entry is in the shadow of another. */
export const layout = list(entry).superRefine((entries, context) => {
  entries.forEach(({ prefix }, index) => {
    const before = entries.slice(0, index).find((each) => covers(each.prefix, prefix))
    if (!before) return
    const message = `${before.prefix} stands before it, and is the beginning of the same paths`
    context.addIssue({ code: 'custom', path: [index, 'prefix'], message })
  })
  if (entries.length === 0 || entries.at(-1)?.prefix === '/') return
  const message = 'the last entry has "prefix: /", for every other path'
  context.addIssue({ code: 'custom', path: [entries.length - 1, 'prefix'], message })
})

function covers(prefix: string, other: string): boolean {
  const [one, two] = [prefix, other].map((each) => `${each.toLowerCase()}/`.replace('//', '/'))
  return two?.startsWith(one ?? '') ?? false
}

export const LAYOUT_KEYS = Object.keys(layoutShape)
