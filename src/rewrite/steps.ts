/** A step from a JSON value into it: a member by its name, any member, or every item. */
export type Step = { readonly key: string } | 'any' | 'item'

/** The way from the root of a document to a value; it has a step at least. */
export type Steps = readonly Step[]

const NAME = String.raw`\*|(?:[^.[\]*\\\p{Cc}]|\\[.[\]*\\])+`
const FIELD = new RegExp(String.raw`^(?:${NAME}|\[\])(?:\.(?:${NAME})|\[\])*$`, 'u')
const EACH = new RegExp(String.raw`\[\]|${NAME}`, 'gu')

/**
 * Reads `next`, `items[].url`, `versions.*.dist.tarball`, `[].url`: names with dots between them, `*`
 * for any name, `[]` for every item. In a name `\.` is a dot: `@odata\.nextLink`. null: it is none.
 */
export function stepsIn(text: string): Steps | null {
  if (!FIELD.test(text)) return null
  return Array.from(text.matchAll(EACH), ([step]): Step => {
    if (step === '[]') return 'item'
    return step === '*' ? 'any' : { key: step.replaceAll(/\\(.)/g, '$1') }
  })
}
