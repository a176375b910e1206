import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { safeParse } from 'valibot'
import { describe, expect, it } from 'vitest'

import { served } from '../../src/control/endpoints.ts'
import type { Endpoint, Operation } from '../../src/control/endpoints.ts'
import { open } from '../worker/call.ts'
import { GARBAGE, inputsOf, mutated } from './arbitraries.ts'
import { ADMIN, ask, pathOf } from './asking.ts'
import type { Question } from './asking.ts'
import { fresh, granted, waiting, wished } from './builders.ts'

/** Of each property. The seed is in the report of a failure. */
const RUNS = 20

const rows = served().filter(([, { params, query, body }]) => params ?? query ?? body)
const withBody = rows.filter(([, { body }]) => body)
const withQuery = rows.filter(([, { query }]) => query)

/** Asks, and reads what ends; a stream that goes on is only begun. */
async function answered(name: Operation, question: Question) {
  if (name !== 'streamAudit') return ask(name, question)
  const { response } = await open(pathOf(name, question), { headers: ADMIN })
  if (response.status !== 200) return { status: response.status, text: await response.text() }
  await response.body?.cancel()
  return { status: 200, text: '' }
}

/** Parameters of a path that there is, where there can be one. */
async function paramsOf(row: Endpoint): Promise<Record<string, string>> {
  if (!row.params) return {}
  if (row.path.includes('{key}')) return { key: 'stored:token/one' }
  const { grant } = await granted({ tenant: 'fuzz', agent: fresh('agent') })
  if (row.path.includes('access-requests')) return { id: await wished(grant) }
  return { id: row.path.includes('approvals') ? await waiting(grant) : grant['id'] }
}

/** Text for a query: of values that no query can hold, their JSON. Short enough for a target. */
function texts(input: unknown): Record<string, string> {
  const holder = typeof input === 'object' && input !== null ? input : { x: input }
  const entries: [string, unknown][] = Object.entries(holder)
  return Object.fromEntries(
    entries.slice(0, 20).map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return [key.toWellFormed().slice(0, 40), text.slice(0, 50).toWellFormed()]
    }),
  )
}

async function holds<T>(arbitrary: Arbitrary<T>, check: (input: T) => Promise<void>) {
  await fc.assert(fc.asyncProperty(arbitrary, check), { numRuns: RUNS })
}

describe.each(withBody)('the body of %s', (name, row) => {
  const schema = row.body
  if (!schema) return
  it('passes its schema, and is answered', { timeout: 60_000 }, async () => {
    let passed = 0
    await holds(inputsOf(schema), async (body) => {
      const valid = safeParse(schema, body).success
      passed += Number(valid)
      const { status, json } = await ask(name, { params: await paramsOf(row), body })
      expect(status).toBeLessThan(500)
      // What passes may still be about nothing that there is, and says so field by field.
      const fields: { expected: string }[] = json['error']?.metadata?.fields ?? []
      const strange = fields.filter(({ expected }) => !/ of (?:that|this) /.test(expected))
      expect(valid ? strange : [status]).toEqual(valid ? [] : [400])
    })
    expect(passed).toBeGreaterThan(0)
  })

  it('may be anything else, and is refused', { timeout: 60_000 }, async () => {
    const params = await paramsOf(row)
    const bodies = fc.oneof(mutated(inputsOf(schema)), GARBAGE)
    await holds(bodies, async (body) => {
      const { status } = await ask(name, { params, body: JSON.stringify(body) })
      expect(status).toBeLessThan(500)
      if (!safeParse(schema, JSON.parse(JSON.stringify(body))).success) {
        expect([400, 409, 413]).toContain(status)
      }
    })
  })

  it('may be any bytes', { timeout: 60_000 }, async () => {
    const params = await paramsOf(row)
    await holds(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (body) => {
      const { status } = await ask(name, { params, body })
      expect([400, 409]).toContain(status)
    })
  })
})

describe.each(withQuery)('the query of %s', (name, row) => {
  const schema = row.query
  if (!schema) return
  it('passes its schema, and is answered', { timeout: 60_000 }, async () => {
    await holds(inputsOf(schema), async (input) => {
      const { status, text } = await answered(name, { query: texts(input) })
      expect([200, 400]).toContain(status)
      // A cursor is only known to be wrong when it is read.
      if (status === 400) expect(text).toMatch(/"path":"cursor"/)
    })
  })

  it('may be anything else, and is refused', { timeout: 60_000 }, async () => {
    await holds(fc.oneof(mutated(inputsOf(schema)), GARBAGE), async (input) => {
      const { status } = await answered(name, { query: texts(input) })
      expect([200, 400]).toContain(status)
    })
  })

  it('may be any text', { timeout: 60_000 }, async () => {
    await holds(fc.string({ unit: 'binary', maxLength: 60 }), async (input) => {
      const query = `?${encodeURI(input.toWellFormed()).replaceAll('#', '')}`
      expect([200, 400]).toContain((await answered(name, { query })).status)
    })
  })
})

describe.each(rows.filter(([, { params }]) => params))('the path of %s', (name, row) => {
  it('may be anything, and is of nothing', { timeout: 60_000 }, async () => {
    const body = row.body && safeParse(row.body, {}).success ? {} : undefined
    const paths = fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.webPath())
    await holds(paths, async (input) => {
      const text = input.toWellFormed()
      // A URL has no such segments: they would be another path.
      fc.pre(!/^\.{1,2}$/.test(text))
      const params = { id: text, key: text }
      const { status } = await ask(name, { params, ...(body ? { body } : {}) })
      expect([400, 401, 404, 405]).toContain(status)
    })
  })
})
