import type { Reply } from './case.ts'
import { RequestReader, valuesOf } from './request-reader.ts'
import type { Arrival } from './request-reader.ts'

/** A request that can be read in one way only. */
export interface Written extends Arrival {
  /** No other request can be seen behind it. */
  readonly alone: boolean
}

/** The first request of what a client wrote; null when it is not strictly HTTP/1.1. */
export function written(parts: readonly string[]): Written | null {
  const reader = new RequestReader()
  reader.take(Buffer.from(parts.join(''), 'latin1'))
  const arrival = reader.nextHead()
  if (!arrival) return null
  reader.readBody()
  if (arrival.fault !== null || valuesOf(arrival, 'host').length !== 1) return null
  return { ...arrival, alone: reader.left === 0 }
}

/** Whether what the upstream got of a call can be told by its id. */
export function isTraceable(asked: Written | null, id: string): asked is Written {
  // Where a tenant's callers share an answer, none of their headers goes upstream.
  if (asked?.target.includes('/shared/')) return false
  if (!asked?.alone || valuesOf(asked, 'x-fuzz').join() !== id) return false
  return !valuesOf(asked, 'connection').some((value) => /x-fuzz/i.test(value))
}

/** Longer ones are more than some clients take. */
const LONGEST_HEAD = 8000

const HEADER = /^[A-Za-z][\w-]*: [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** These change what becomes of a body, or are the framing itself. */
const FRAMING =
  /^(?:transfer-encoding|content-encoding|connection|upgrade|trailer|content-length):/i

/** Statuses with a rule of their own as to the body, or which mean something to the proxy, are left out. */
const LINE = /^HTTP\/1\.1 (?!304|401|407|429)(?:20[0-3]|207|3\d\d|4\d\d|5\d\d) [A-Za-z ]+$/

/** Whether an answer is one that every client of HTTP understands in the same way, and no more than that. */
export function relayable(reply: Reply | undefined): boolean {
  if (!reply || reply.edits.length + reply.interim.length > 0 || reply.end !== 'keep') return false
  const { line, headers, body } = reply
  // What repeats a secret is not passed on as it is.
  if (/\{\{(?!id\}|length\})/.test([...headers, ...body].join('\n'))) return false
  const framing = headers.filter((each) => FRAMING.test(each)).join()
  return LINE.test(line) && framing === 'Content-Length: {{length}}' && isPlain(headers)
}

function isPlain(headers: readonly string[]): boolean {
  // A part of a body is not searched, and so not passed on: docs/scrubbing.md.
  if (headers.some((line) => /^content-range:/i.test(line))) return false
  return headers.join('').length < LONGEST_HEAD && headers.every((line) => HEADER.test(line))
}
