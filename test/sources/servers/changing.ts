import { setTimeout as wait } from 'node:timers/promises'

import { serve } from './http.ts'
import type { Asked, Told } from './http.ts'

/** A field's value, or the status that a read gets: `{ "kv/data/app#key": "value" }`. */
type Kept = Readonly<Record<string, string | number>>

/**
 * A Vault of key-value engine 2 whose secrets come and go: `PUT /_set` with what is to be there. It
 * takes any token. A read lasts as many ms as `delay` says, so that calls can meet.
 */
export function startChanging(): Promise<string> {
  const kept = new Map<string, string | number>()
  return serve(async ({ method, parts, body }: Asked): Promise<Told> => {
    if (method === 'PUT') {
      for (const [key, value] of Object.entries(JSON.parse(body) as Kept)) kept.set(key, value)
      return { status: 200, json: {} }
    }
    await wait(Number(kept.get('delay') ?? 0))
    const path = parts.slice(1).join('/')
    const fields = [...kept].filter(([key]) => key.startsWith(`${path}#`))
    const status = fields.map(([, value]) => value).find((value) => typeof value === 'number')
    if (status !== undefined) return { status, json: { errors: ['sentinel'] } }
    if (fields.length === 0) return { status: 404, json: { errors: [] } }
    const data = Object.fromEntries(fields.map(([key, value]) => [key.split('#')[1], value]))
    return { status: 200, json: { data: { data, metadata: { version: 1 } } } }
  })
}
