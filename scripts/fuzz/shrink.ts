import { PLAIN_REPLY } from './case.ts'
import type { Call, Case, Reply } from './case.ts'

/** So many tries, and the smallest so far is taken. */
const MOST_TRIES = 250

/** The smallest case for which `fails` still says so, as far as small steps lead. */
export async function shrunk(from: Case, fails: (tried: Case) => Promise<boolean>): Promise<Case> {
  let best = from
  let tries = 0
  for (let again = true; again;) {
    again = false
    for (const each of smaller(best)) {
      if ((tries += 1) > MOST_TRIES) return best
      // oxlint-disable-next-line no-await-in-loop -- each depends on what is left
      if (!(await fails(each))) continue
      best = each
      again = true
      break
    }
  }
  return best
}

/** Cases that are a step simpler, the largest steps first. */
function* smaller(tried: Case): Generator<Case> {
  for (const calls of fewer(tried.calls)) if (calls.length > 0) yield { ...tried, calls }
  for (const [index, call] of tried.calls.entries()) {
    for (const each of simplerCalls(call)) yield { ...tried, calls: tried.calls.with(index, each) }
  }
}

function* simplerCalls(call: Call): Generator<Call> {
  for (const edits of fewer(call.edits)) yield { ...call, edits }
  for (const headers of fewer(call.headers)) yield { ...call, headers }
  for (const body of fewer(call.body)) yield { ...call, body }
  if (call.leaves !== null) yield { ...call, leaves: null }
  for (const line of shorter(call.line)) yield { ...call, line }
  for (const body of shorterOne(call.body)) yield { ...call, body }
  for (const headers of shorterOne(call.headers)) yield { ...call, headers }
  for (const replies of simplerLists(call.replies)) yield { ...call, replies }
  for (const mints of simplerLists(call.mints)) yield { ...call, mints }
}

function* simplerLists(replies: readonly Reply[]): Generator<Reply[]> {
  yield* fewer(replies)
  for (const [index, reply] of replies.entries()) {
    for (const each of simplerReplies(reply)) yield replies.with(index, each)
  }
}

function* simplerReplies(reply: Reply): Generator<Reply> {
  if (JSON.stringify(reply) === JSON.stringify(PLAIN_REPLY)) return
  yield PLAIN_REPLY
  for (const edits of fewer(reply.edits)) yield { ...reply, edits }
  for (const interim of fewer(reply.interim)) yield { ...reply, interim }
  for (const headers of fewer(reply.headers)) yield { ...reply, headers }
  for (const body of fewer(reply.body)) yield { ...reply, body }
  if (reply.pause > 0) yield { ...reply, pause: 0 }
  if (reply.early) yield { ...reply, early: false }
  for (const texts of shorterOne(reply.body)) yield { ...reply, body: texts }
  for (const texts of shorterOne(reply.headers)) yield { ...reply, headers: texts }
}

/** A list without its first half, its second half, or one of its items. */
function* fewer<T>(list: readonly T[]): Generator<T[]> {
  if (list.length > 3) {
    const half = Math.floor(list.length / 2)
    yield list.slice(half)
    yield list.slice(0, half)
  }
  for (let index = 0; index < Math.min(list.length, 40); index += 1) yield list.toSpliced(index, 1)
}

function* shorterOne(texts: readonly string[]): Generator<string[]> {
  for (const [index, text] of texts.entries()) {
    for (const each of shorter(text)) yield texts.with(index, each)
  }
}

/** A long text with a half of it gone, from either end. */
function* shorter(text: string): Generator<string> {
  if (text.length < 30) return
  const half = Math.floor(text.length / 2)
  yield text.slice(0, half)
  yield text.slice(half)
}
