import { DurableObject } from 'cloudflare:workers'

import { Ledger } from '../../src/audit/ledger.ts'
import type { Head, NewRecord, VerifyFrom } from '../../src/audit/record.ts'

/** Only what a ledger costs: an object with nothing else in it, and a Worker that drives it. */

interface Env {
  readonly BENCH: DurableObjectNamespace<Bench>
}

/** What one request asks to be done; the answer comes when all of it is on disk. */
export interface Job {
  readonly ledger: string
  readonly record: NewRecord
  readonly appends: number
  /** Records in each. */
  readonly batch: number
  /** How many appends are under way at the same time. */
  readonly together: number
}

/** What a ledger holds. */
export interface Held {
  readonly records: number
  readonly bytes: number
}

export class Bench extends DurableObject<Env> {
  readonly #ledger: Ledger

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#ledger = new Ledger(state.storage.sql, 'acme')
  }

  append(records: readonly NewRecord[]): readonly Head[] {
    const { storage } = this.ctx
    return storage.transactionSync(() => this.#ledger.append(records, Date.now()))
  }

  counts(): Held {
    return this.#ledger.counts()
  }

  /** The next part; null when it was the last. Throws when the chain is broken. */
  verify(from: VerifyFrom | null): VerifyFrom | null {
    const { faults, next } = this.#ledger.verify(from)
    if (faults.length > 0) throw new Error('the chain is broken')
    return next
  }

  /** A query that looks at as much as one may, and finds nothing. */
  search(): void {
    this.#ledger.events({ agent: 'nobody' })
  }

  prune(): number {
    const { storage } = this.ctx
    return storage.transactionSync(() => this.#ledger.prune(Date.now() + 1000, 0).removed)
  }
}

export default {
  async fetch(request: Request, { BENCH }: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const object = BENCH.getByName(searchParams.get('ledger') ?? '')
    switch (pathname) {
      case '/append':
        await drive(BENCH, await request.json<Job>())
        return new Response()
      case '/counts':
        return Response.json(await object.counts())
      case '/verify': {
        let from: VerifyFrom | null = null
        // oxlint-disable-next-line no-await-in-loop -- each part begins where the last one ended
        do from = await object.verify(from)
        while (from)
        return new Response()
      }
      case '/search':
        await object.search()
        return new Response()
      case '/prune':
        return Response.json(await object.prune())
      default:
        return new Response('ok')
    }
  },
}

/** Appends, so many at the same time; each worker of these waits until its last one is on disk. */
async function drive(namespace: Env['BENCH'], job: Job): Promise<void> {
  const object = namespace.getByName(job.ledger)
  const records = Array.from({ length: job.batch }, () => job.record)
  let left = job.appends
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
      await object.append(records)
    }
  }
  await Promise.all(Array.from({ length: job.together }, worker))
}
