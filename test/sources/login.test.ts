import { expect, it } from 'vitest'

import { SourceError } from '../../src/sources/backend.ts'
import type { Session, SourceAnswer } from '../../src/sources/backend.ts'
import { withLogin } from '../../src/sources/reading.ts'
import { failureOf, readingOf } from './reading.ts'

const NOW = Date.UTC(2026, 10, 25)
const HELD: Session = { token: 'held', until: NOW + 1 }

function answer(status: number): SourceAnswer {
  return { status, headers: new Headers(), json: {} }
}

/** Logins by their number; a token of no login is refused, once `refuse` has ended. */
function world(
  sessions: Map<string, Session>,
  by = 'here',
  refuse: () => Promise<void> = async () => {},
) {
  const asked: string[] = []
  let logins = 0
  const login = {
    name: 'x',
    begin: () => {
      logins += 1
      return Promise.resolve({ token: `made ${by} ${logins}`, until: NOW + 60_000 })
    },
  }
  const read = () =>
    withLogin(login, readingOf({}, { sessions, now: NOW }), async (token) => {
      asked.push(token)
      if (token.startsWith('made')) return answer(200)
      await refuse()
      return answer(403)
    })
  return { asked, read, login }
}

it('uses the login that another read has begun while this one was refused', async () => {
  const sessions = new Map([['x', HELD]])
  const late = Promise.withResolvers<void>()
  const first = world(sessions, 'there')
  const second = world(sessions, 'here', () => late.promise)
  const waiting = second.read()
  await first.read()
  late.resolve()
  expect((await waiting).status).toBe(200)
  expect(second.asked).toEqual(['held', 'made there 1'])
  expect(sessions.get('x')?.token).toBe('made there 1')
})

it('forgets a token that was refused, though no other is to be had', async () => {
  const sessions = new Map([['x', HELD]])
  const { login, read, asked } = world(sessions)
  login.begin = () => Promise.reject(new SourceError('busy'))
  expect(await failureOf(read())).toBe('busy')
  expect(await failureOf(read())).toBe('busy')
  expect(asked).toEqual(['held'])
  expect(sessions.size).toBe(0)
})

it.each([
  ['that has ended', [['x', { token: 'held', until: NOW }]], ['made here 1']],
  ['of another name', [['y', HELD]], ['made here 1']],
  ['that is good', [['x', { token: 'made before', until: NOW + 1 }]], ['made before']],
] as const)('what is asked with a token %s', async (_what, held, tokens) => {
  const { asked, read } = world(new Map(held))
  expect((await read()).status).toBe(200)
  expect(asked).toEqual(tokens)
})
