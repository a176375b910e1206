import { afterAll, beforeAll, expect, vi } from 'vitest'

import { sentinelsIn } from '../fixtures/secrets.ts'
import { logged } from './logged.ts'

/** Everything that the worker logs, in every test of the suite, is searched for the sentinels. */
const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const

beforeAll(() => {
  for (const method of METHODS) {
    vi.spyOn(console, method).mockImplementation((...said: unknown[]) => {
      logged.push(
        said.map((each) => (each instanceof Error ? String(each.stack) : String(each))).join(' '),
      )
    })
  }
})

afterAll(() => {
  expect(sentinelsIn(logged.join('\n'))).toEqual([])
})
