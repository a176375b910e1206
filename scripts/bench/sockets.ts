import { once } from 'node:events'
import type { Server } from 'node:http'

import { WebSocket, WebSocketServer } from 'ws'

import type { Load, Sample, Target } from './load.ts'
import { cpuMs } from './process-usage.ts'
import { percentile } from './statistics.ts'

/** Makes a server say back what it hears. */
export function echoSockets(server: Server): void {
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('error', () => socket.terminate())
  })
}

/** Sends a text over each socket, again as soon as it has come back, until the time is up. */
export function talking(
  { url, pid }: Target,
  { path, headers, text }: Talk,
): (load: Load) => Promise<Sample> {
  return async ({ connections, seconds }) => {
    const sockets = await Promise.all(
      Array.from({ length: connections }, () => opened(`${url}${path}`, headers)),
    )
    try {
      return await measured(pid, sockets, text, seconds)
    } finally {
      for (const socket of sockets) socket.close()
    }
  }
}

export interface Talk {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

async function opened(url: string, headers: Readonly<Record<string, string>>): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers, perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

async function measured(
  pid: number,
  sockets: readonly WebSocket[],
  text: string,
  seconds: number,
): Promise<Sample> {
  const latencies: number[] = []
  const cpuBefore = cpuMs(pid)
  const start = performance.now()
  const end = start + seconds * 1000
  const keepOn = async (socket: WebSocket) => {
    for (let now = start; now < end;) {
      const sentAt = performance.now()
      const back = once(socket, 'message')
      socket.send(text)
      const [data] = (await back) as [Buffer]
      if (data.length !== text.length) throw new Error(`a message of ${data.length} bytes`)
      now = performance.now()
      latencies.push(now - sentAt)
    }
  }
  await Promise.all(sockets.map(keepOn))
  const elapsed = performance.now() - start
  const cpuAfter = cpuMs(pid)
  const count = latencies.length
  return {
    perSecond: (count / elapsed) * 1000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuUs: cpuBefore === null || cpuAfter === null ? null : ((cpuAfter - cpuBefore) / count) * 1000,
    firstByteMs: percentile(latencies, 0.5),
  }
}
