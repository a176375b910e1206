import { PLAIN_CALL, PLAIN_REPLY } from './case.ts'
import type { Call, Case, Reply } from './case.ts'
import { usual } from './make-parts.ts'
import type { Random } from './random.ts'

/** Many calls in flight, which share something, and clients that go away in the middle. */
export function makeCrowdCase(r: Random): Case {
  const count = 4 + r.below(28)
  const make = r.pick([twins, readers, queue, streams, mixed])
  return { kind: 'crowd', calls: make(r, count) }
}

function caller(r: Random, provider: string, line: string, more: readonly string[] = []): Call {
  const shows = r.pick(['{{key}}', '{{key}}', '{{grant:write}}', '{{grant:limited}}'])
  return {
    ...PLAIN_CALL,
    line: `${line} HTTP/1.1`,
    headers: [...usual(), `X-Outpost-Auth: ${shows}`, `X-Provider: ${provider}`, ...more],
    starts: r.below(40),
    leaves: r.chance(0.3) ? r.below(120) : null,
    replies: [slowReply(r)],
  }
}

function slowReply(r: Random): Reply {
  const pause = r.pick([0, 0, 5, 30])
  return r.of(
    () => ({ ...PLAIN_REPLY, body: ['mark-{{id}} ', 'and ', 'more'], pause }),
    () => ({ ...PLAIN_REPLY, body: ['mark-{{id}} ', 'and ', 'more'], pause }),
    () => ({
      ...PLAIN_REPLY,
      headers: ['Content-Length: 100'],
      end: r.pick(['close', 'reset'] as const),
    }),
    () => ({ ...PLAIN_REPLY, line: r.pick(['HTTP/1.1 500 Oh', 'HTTP/1.1 503 Busy']) }),
  )
}

/** The same write, by the same key. */
function twins(r: Random, count: number): Call[] {
  const key = `Idempotency-Key: t-${r.below(1_000_000)}`
  const provider = r.pick(['plain', 'bearer', 'hmacbody', 'small'])
  return r.times(count, () => ({
    ...caller(r, provider, 'POST /twin', [key, 'Content-Length: {{length}}']),
    body: [r.chance(0.9) ? 'the same body' : 'another body!'],
  }))
}

/** The same read, of what is kept. */
function readers(r: Random, count: number): Call[] {
  const path = r.pick([
    `/same/${r.below(1000)}`,
    `/shared/${r.below(1000)}`,
    `/guarded/${r.below(1000)}`,
  ])
  return r.times(count, () =>
    caller(r, 'cached', `GET ${path}`, r.chance(0.2) ? ['Accept: a/b'] : []),
  )
}

/** More than are let in. */
function queue(r: Random, count: number): Call[] {
  return r.times(count, () => caller(r, 'counted', 'GET /{{id}}'))
}

/** Answers that flow for a while, of which some never end. */
function streams(r: Random, count: number): Call[] {
  return r.times(count, () => ({
    ...caller(r, r.pick(['plain', 'bearer']), 'GET /{{id}}'),
    leaves: r.pick([20, 60, 150, 300]),
    replies: [
      {
        ...PLAIN_REPLY,
        headers: ['Content-Type: text/event-stream', 'Transfer-Encoding: chunked'],
        body: r.times(3 + r.below(6), (n) => `10\r\ndata: event ${n % 10}  \n\n\r\n`),
        pause: r.below(20),
        end: r.pick(['stall', 'close', 'reset'] as const),
      },
    ],
  }))
}

function mixed(r: Random, count: number): Call[] {
  const makers = [twins, readers, queue, streams]
  return r.times(count, () => r.pick(makers)(r, 1)).flat()
}
