import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, expect, inject } from 'vitest'

import { serve } from '../../scripts/serve.ts'
import type { Served } from '../../scripts/serve.ts'
import { OPERATORS, SECRETS, sentinelsIn } from '../fixtures/secrets.ts'
import { startUpstream } from '../upstream.ts'
import type { Upstream } from '../upstream.ts'

/** One line of the worker's log: `Event` of src/audit/event.ts. */
export interface LogLine {
  readonly id: string
  readonly path: string | null
  readonly query_keys: readonly string[]
  readonly decision: 'allow' | 'deny'
  readonly secret_read: boolean
  readonly status: number
  readonly code: string | null
  readonly method: string
  readonly provider: string | null
  readonly host: string | null
}

export interface Outpost {
  readonly port: number
  readonly upstream: Upstream
  /** The lines logged so far. */
  readonly log: () => readonly LogLine[]
  /** The line of a call, when it is there. */
  readonly logged: (id: string) => Promise<LogLine>
}

/**
 * Runs the built worker on plain workerd, and an upstream, for the tests of one file; with these
 * settings beside the usual ones. At the end it
 * checks that the process is still well, and that no sentinel is in anything that it printed.
 */
export function outpost(settings: Readonly<Record<string, string>> = {}): Outpost {
  let served: Served | undefined
  let upstream: Upstream | undefined
  const { root, upstreamPort } = inject('built')

  beforeAll(async () => {
    upstream = await startUpstream(upstreamPort)
    const env = { ...SECRETS, ...OPERATORS, OUTPOST_DOMAIN: 'outpost.test', ...settings }
    served = await serve({ root, port: 0, dataDir: join(root, 'data'), env, output: 'keep' })
  })

  afterAll(async () => {
    const answer = await fetch(`${running().url}/healthz`)
    expect(answer.status).toBe(200)
    const printed = running().output()
    expect(sentinelsIn(printed)).toEqual([])
    expect(otherLines(printed)).toEqual([])
    expect(upstream?.unparsable).toEqual([])
    await running().stop(100)
    await upstream?.close()
  })

  function running(): Served {
    if (!served) throw new Error('workerd is not running')
    return served
  }
  const log = (): LogLine[] => linesOf(running().output()).flatMap((line) => parsed(line))
  return {
    get port() {
      return Number(new URL(running().url).port)
    },
    get upstream() {
      if (!upstream) throw new Error('the upstream is not running')
      return upstream
    },
    log,
    logged: async (id) => {
      for (let tries = 0; tries < 100; tries += 1) {
        const line = log().find((each) => each.id === id)
        if (line) return line
        await delay(10)
      }
      throw new Error(`${id} was not logged`)
    },
  }
}

function linesOf(printed: string): string[] {
  return printed.split('\n').filter((line) => line !== '')
}

function parsed(line: string): LogLine[] {
  return /^\{(?!"audit_head":)/.test(line) ? [JSON.parse(line) as LogLine] : []
}

/** workerd's own on a CONNECT, which it refuses before the worker could. */
const CONNECT = /a connect event but we lack a handler|does not export a connect\(\) function/

/** What is said of an answer that repeats a credential, by us and, when it is cut, by workerd. */
const ECHO = /^audit: \d+ echoes of a credential in |Refusal: the upstream repeated a credential$/

/** What is no event and no head of a ledger: complaints of the runtime. */
function otherLines(printed: string): string[] {
  return linesOf(printed).filter(
    (line) =>
      parsed(line).length === 0 &&
      !line.startsWith('{"audit_head":') &&
      !CONNECT.test(line) &&
      !ECHO.test(line),
  )
}
