import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import type { Fixture } from './fixture.ts'
import { cpuMs } from './process-usage.ts'

/**
 * Serves fixtures for its parent, in a process of its own so that what the Workers log goes where
 * the parent sent this one's stdout. It ends with the parent.
 */

/** What the parent asks: start a fixture, or stop the one at that address. */
export type Order =
  | { readonly start: Fixture; readonly dataDir: string }
  | { readonly stop: string }

/** The answer to the order before. */
export interface Report {
  readonly url: string
  readonly pid: number
  /** CPU that workerd had used when it answered for the first time; null where it cannot be read. */
  readonly startCpuMs: number | null
  readonly error?: string
}

const running = new Map<string, Served>()

async function obey(order: Order): Promise<Report> {
  if ('stop' in order) {
    await running.get(order.stop)?.stop(0)
    running.delete(order.stop)
    return { url: '', pid: 0, startCpuMs: null }
  }
  const { root, env, needs } = order.start
  const served = await serve({ root, port: 0, env, needs, dataDir: order.dataDir })
  const startCpuMs = cpuMs(served.pid)
  running.set(served.url, served)
  return { url: served.url, pid: served.pid, startCpuMs }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ url: '', pid: 0, startCpuMs: null, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
