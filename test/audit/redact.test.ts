import { describe, expect, it } from 'vitest'

import { redact } from '../../src/audit/redact.ts'

const KEY = 'sentinel/agent+key='

describe('a key that a call showed', () => {
  it.each([
    ['plain', KEY],
    ['percent-encoded', encodeURIComponent(KEY)],
    ['percent-encoded in lower case', encodeURIComponent(KEY).toLowerCase()],
  ])('is not recorded of a path: %s', (_title, spelt) => {
    const path = redact(`/a/${spelt}/b`, [KEY])
    expect(path).toBe('/a/[redacted]/b')
    expect(decodeURIComponent(path)).not.toContain(KEY)
  })
})
