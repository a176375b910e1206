import { join } from 'node:path'

import { afterAll, beforeAll, expect, inject } from 'vitest'

import { serve } from '../../scripts/serve.ts'
import type { Served } from '../../scripts/serve.ts'
import { OPERATORS } from '../fixtures/secrets.ts'

/** What a grant of these tests may: `provider` or `{ provider, access, … }` of `POST /_outpost/grants`. */
export type Granted = string | Readonly<Record<string, unknown>>

export interface ClientsOutpost {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** The port on which the provider files expect the upstream of that name. */
  readonly port: (name: string) => number
  /** The token of a new grant for these providers, with write access where nothing is said. */
  readonly grant: (...providers: readonly Granted[]) => Promise<string>
  /** Calls the control plane as an admin: `admin('/audit?tenant=default')`. */
  readonly admin: (path: string, init?: RequestInit) => Promise<Response>
  /** What the ledger has of calls, newest first. */
  readonly audit: () => Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Of workerd, to measure it. */
  readonly pid: () => number
  /** Everything that the runtime and the worker printed. */
  readonly printed: () => string
}

/**
 * Runs the built worker on plain workerd for the tests of one file, with these secrets and settings.
 * At the end nothing that it printed may contain one of the secrets.
 */
export function clientsOutpost(
  secrets: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>> = {},
): ClientsOutpost {
  let served: Served | undefined
  const { root, ports } = inject('clients')

  beforeAll(async () => {
    const env = {
      ...OPERATORS,
      OUTPOST_MASTER_KEY: 'sentinel-master-key-of-more-than-32-characters',
      OUTPOST_DOMAIN: 'outpost.test',
      ...secrets,
      ...settings,
    }
    const dataDir = join(root, `data-${crypto.randomUUID()}`)
    served = await serve({ root, port: 0, dataDir, env, output: 'keep' })
  })

  afterAll(async () => {
    const printed = served?.output() ?? ''
    await served?.stop(100)
    const values = Object.values(secrets)
    expect(values.filter((value) => value.length >= 8 && printed.includes(value))).toEqual([])
  })

  function running(): Served {
    if (!served) throw new Error('workerd is not running')
    return served
  }

  const admin = (path: string, init: RequestInit = {}) =>
    fetch(`${running().url}/_outpost${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${OPERATORS.OUTPOST_ADMIN_TOKEN}`,
        'content-type': 'application/json',
      },
    })

  return {
    get url() {
      return running().url
    },
    port: (name) => {
      const port = ports[name]
      if (port === undefined) throw new Error(`no provider file names the upstream ${name}`)
      return port
    },
    grant: async (...providers) => {
      const body = {
        agent: 'client',
        providers: providers.map((each) =>
          typeof each === 'string' ? { provider: each, access: 'write' } : each,
        ),
        expires_in: 600,
      }
      const made = await admin('/grants', { method: 'POST', body: JSON.stringify(body) })
      const said = (await made.json()) as { token?: string }
      if (said.token === undefined) throw new Error(`no grant: ${JSON.stringify(said)}`)
      return said.token
    },
    admin,
    audit: async () => {
      const said = (await (await admin('/audit?tenant=default&limit=200')).json()) as { events: [] }
      return said.events
    },
    pid: () => running().pid,
    printed: () => running().output(),
  }
}
