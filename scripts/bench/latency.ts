import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { Client, shot } from './load.ts'
import type { Shot } from './load.ts'
import { residentMiB } from './process-usage.ts'
import { median, percentile } from './statistics.ts'
import { ledgerOf } from './transfer.ts'
import type { Route } from './transfer.ts'

const WARM_UP = 300
const CALLS = 50
const EVENTS = 50

/** Median ms until the first byte of a 1 KB answer, for each route, asked in turn. */
export async function firstByteMs(routes: readonly Route[]): Promise<readonly number[]> {
  const sides = await Promise.all(routes.map(sideOf))
  for (let number = 0; number < WARM_UP + CALLS; number += 1) {
    for (const { client, request, times } of sides) {
      const sentAt = performance.now()
      const { firstByteAt } = await client.exchange(request)
      if (number >= WARM_UP) times.push(firstByteAt - sentAt)
    }
  }
  for (const { client } of sides) client.close()
  return sides.map(({ times }) => median(times))
}

interface Side {
  readonly client: Client
  readonly request: Shot
  readonly times: number[]
}

async function sideOf({ url, headers }: Route): Promise<Side> {
  const all = { Host: new URL(url).host, ...headers }
  const request = shot(['GET', '/page'], all, { status: 200, length: 1000 })
  return { client: await Client.open(url), request, times: [] }
}

/** ms between the upstream's writing of an event and its arrival here: median, and the worst. */
export async function eventMs({ url, headers }: Route): Promise<readonly [number, number]> {
  const call = get(`${url}/ticks/${EVENTS}`, { headers })
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  const times: number[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const now = process.hrtime.bigint()
    for (const [, sentAt = ''] of chunk.toString().matchAll(/^data: (\d+)$/gm)) {
      times.push(Number(now - BigInt(sentAt)) / 1e6)
    }
  }
  if (times.length !== EVENTS) throw new Error(`${times.length} of ${EVENTS} events arrived whole`)
  return [median(times), percentile(times, 1)]
}

/** What a reader that takes 1 MB/s does to the upstream and to the runtime in between. */
export interface SlowReading {
  readonly readMiB: number
  /** What the upstream got rid of beyond that: in buffers of the runtime and of the kernel. */
  readonly aheadMiB: number
  readonly peakMiB: number | null
}

const READ_SECONDS = 5
const STEP_MS = 50
const STEP_BYTES = 50_000

/** Reads an endless answer slowly for five seconds. */
export async function slowReading(route: Route, pid: number): Promise<SlowReading> {
  const { hostname, port, host } = new URL(route.url)
  const id = `slow${port}`
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(shot(['GET', `/endless/${id}`], { Host: host, ...route.headers }, ANY).bytes())
  let read = 0
  let peak: number | null = null
  for (let step = 0; step < (READ_SECONDS * 1000) / STEP_MS; step += 1) {
    await delay(STEP_MS)
    const chunk = socket.read(Math.min(STEP_BYTES, socket.readableLength)) as Buffer | null
    read += chunk?.length ?? 0
    const now = residentMiB(pid)
    if (now !== null) peak = Math.max(peak ?? 0, now)
  }
  const { sent } = await ledgerOf(route.upstream, id)
  socket.destroy()
  return { readMiB: read / 2 ** 20, aheadMiB: (sent - read) / 2 ** 20, peakMiB: peak }
}

const ANY = { status: 200, length: null }
