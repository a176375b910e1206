import { once } from 'node:events'
import type { Server } from 'node:http'

import { WebSocket, WebSocketServer } from 'ws'

import { measured } from './load.ts'
import type { Load, Sample, Target } from './load.ts'

/** Makes a server say back what it hears. */
export function echoSockets(server: Server): void {
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('error', () => socket.terminate())
  })
}

/** Sends a text over each socket, again as soon as it has come back, until the time is up. */
export function talking(
  target: Target,
  { path, headers, text }: Talk,
): (load: Load) => Promise<Sample> {
  return async ({ connections, seconds }) => {
    const sockets = await Promise.all(
      Array.from({ length: connections }, () => opened(`${target.url}${path}`, headers)),
    )
    try {
      return await measured(target, sockets, seconds, (socket) => thereAndBack(socket, text))
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

async function thereAndBack(socket: WebSocket, text: string): Promise<null> {
  const back = once(socket, 'message')
  socket.send(text)
  const [data] = (await back) as [Buffer]
  if (data.length !== text.length) throw new Error(`a message of ${data.length} bytes`)
  return null
}
