import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** How long the end of a stream comes after its beginning: a client has to see the beginning first. */
export const PAUSE_MS = 400

/** One server-sent event with JSON in it. */
export function event(type: string, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
}

/** Sends the beginning of a stream, and after a pause its end. */
export async function stream(response: ServerResponse, first: string, last: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first)
  await delay(PAUSE_MS)
  response.end(last)
}
