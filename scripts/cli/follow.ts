import { setTimeout as delay } from 'node:timers/promises'

import { Events, EventView, read } from './answers.ts'
import { eventLine } from './audit-view.ts'
import { backoff } from './backoff.ts'
import type { Backoff } from './backoff.ts'
import { unreachable } from './client.ts'
import { EXIT, Failure, isPassing } from './exit.ts'
import { allPages } from './pages.ts'
import type { Session } from './session.ts'
import { serverEvents } from './sse.ts'

type Query = Readonly<Record<string, string | undefined>>

/** A connection on which nothing comes for so long is given up: it may be dead. */
const SILENCE_MS = 60_000

/**
 * Shows the last `before` events, then each as it comes, until `stop`. The server filters what is
 * there, and we what comes. A connection that ends is made again from the last event on.
 */
export async function followAudit(session: Session, query: Query, before: number): Promise<void> {
  const { stop, screen } = session
  try {
    let after = await showLast(session, query, before)
    const wait = backoff()
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const { last, fault } = await followOnce(session, { query, after, wait })
      after = last
      const pause = wait.next()
      if (fault) screen.tell(`${fault}; trying again in ${Math.ceil(pause / 1000)} s`)
      // oxlint-disable-next-line no-await-in-loop
      await delay(pause, undefined, { signal: stop })
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

/** The number of the newest record, from which on the stream has to go. */
async function showLast(session: Session, query: Query, before: number): Promise<number> {
  const { client } = session
  const path = '/_outpost/audit'
  const newest = { tenant: query['tenant'], limit: 1 }
  const head = read(Events, await client.json({ path, query: newest })).events[0]?.seq ?? 0
  const answer = await allPages(client, { path, query }, 'events', before)
  const shown = (answer['events'] as readonly unknown[])
    .filter((each) => (read(EventView, each).seq ?? 0) <= head)
    .toReversed()
  for (const event of shown) show(session, event)
  return head
}

interface Following {
  readonly query: Query
  /** The record after which to begin. */
  readonly after: number
  readonly wait: Backoff
}

/** One connection, to its end: the number of the last record that came, and what went wrong. */
async function followOnce(
  session: Session,
  { query, after, wait }: Following,
): Promise<{ readonly last: number; readonly fault: string | null }> {
  let last = after
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const body = await connect(session, query, after)
    const onRetry = (ms: number): void => wait.reset(ms)
    for await (const event of serverEvents(watched(body, silence.signal, timer), { onRetry })) {
      const number = /^\d{1,15}$/.test(event.id) ? Number(event.id) : last
      if (event.type !== 'record' || number <= last) continue
      wait.reset()
      showWanted(session, query, event.data)
      last = number
    }
    return { last, fault: null }
  } catch (error) {
    session.stop.throwIfAborted()
    const failure = unreachable(error, session.client.origin)
    if (!isPassing(failure)) throw failure
    return { last, fault: failure.message }
  } finally {
    clearTimeout(timer)
  }
}

async function connect(
  { client }: Session,
  query: Query,
  after: number,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await client.stream({
    path: '/_outpost/audit/stream',
    query: { tenant: query['tenant'], after },
    accept: 'text/event-stream',
    headers: { 'last-event-id': String(after) },
  })
  return response.body ?? new ReadableStream<Uint8Array>()
}

/** The same bytes; it throws when `silence` fires, and each chunk puts that off. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  silence: AbortSignal,
  timer: NodeJS.Timeout,
): AsyncGenerator<Uint8Array> {
  const silent = new Promise<never>((_, reject) => {
    silence.addEventListener('abort', () => reject(new Error('nothing came for a minute')))
  })
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      const next = await Promise.race([chunks.next(), silent])
      if (next.done === true) return
      timer.refresh()
      yield next.value
    }
  } finally {
    await chunks.return?.().catch(() => {})
  }
}

const FILTERS = ['project', 'agent', 'provider', 'decision'] as const

function showWanted(session: Session, query: Query, data: string): void {
  const record = parsed(data)
  const event = read(EventView, record)
  if (FILTERS.every((key) => query[key] === undefined || event[key] === query[key])) {
    show(session, record)
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown
  } catch {
    throw new Failure(EXIT.unexpected, 'the server sent a record that is no JSON')
  }
}

function show({ screen, json }: Session, event: unknown): void {
  if (json) screen.json(event, 'lines')
  else screen.say(eventLine(read(EventView, event), screen.width))
}
