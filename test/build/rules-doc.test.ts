import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { compiled, linesOf } from './compiled.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/rules.md'), 'utf8')
const EXAMPLES = [...PAGE.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)

it('has examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(4)
})

/** Whole sections, or rules of an allowlist. */
it.each(EXAMPLES)('the example of docs/rules.md is right: %s', async (example) => {
  const isRules = example.startsWith('-')
  const section = `forwarding:\n  mode: allowlist\n  allow:\n${example.replaceAll(/^/gm, '    ')}`
  const text = `name: x\nbase_url: https://x.test\nauth: none\n${isRules ? section : example}`
  expect(linesOf(await compiled(text))).toEqual([])
})
