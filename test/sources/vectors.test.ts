import { expect, it } from 'vitest'

import vectors from '../vectors/secret_sources.json' with { type: 'json' }
import { backendOf } from './backend_of.ts'
import { failureOf, readingOf } from './reading.ts'

interface Exchange {
  readonly asked: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly status: number
  readonly json: unknown
}

it.each(vectors.map((vector) => [vector.from, vector] as const))('%s', async (_from, vector) => {
  const backend = backendOf(vector.uri)
  const exchanges: Exchange[] = [...vector.exchanges]
  const reading = readingOf(vector.settings, {
    ask: async (request) => {
      const { asked, headers = {}, body, status = 0, json } = exchanges.shift() ?? {}
      expect(`${request.method} ${request.url}`).toBe(asked)
      for (const [name, value] of Object.entries(headers)) {
        expect(request.headers.get(name)).toBe(value)
      }
      expect(await (body === undefined ? request.text() : request.json())).toEqual(body ?? '')
      return { status, headers: new Headers(), json }
    },
  })
  expect(backend.problem(vector.uri)).toBeNull()
  const read = backend.read(vector.uri, reading)
  expect(await (vector.failure === undefined ? read : failureOf(read))).toBe(
    vector.failure ?? vector.value,
  )
  expect(exchanges).toEqual([])
})
