import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { compiled, linesOf } from './compiled.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Whole provider files. Those that speak of a file beside them are not right by themselves. */
const EXAMPLES = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/```yaml\n([^]*?)```/g)]
    .map(([, text = '']) => ({ page, text }))
    .filter(({ text }) => /^name: /m.test(text))
    .filter(({ text }) => !/^(?:extends|layout):|plugins\/acme_signature/m.test(text)),
)

it('finds examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(10)
})

it.each(EXAMPLES)('the provider in $page is right: $text', async ({ text }) => {
  const whole = /^auth:/m.test(text) ? text : `${text}auth: none\n`
  expect(linesOf(await compiled(whole))).toEqual([])
})
