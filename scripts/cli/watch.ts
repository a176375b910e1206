import { setTimeout as delay } from 'node:timers/promises'

import { backoff } from './backoff.ts'
import { Failure, isPassing } from './exit.ts'
import { pathOf } from './id.ts'
import { kindOf, KINDS, listed } from './kinds.ts'
import type { Question } from './kinds.ts'
import type { Session } from './session.ts'

const EVERY_MS = 2000
const MANY = 200

/**
 * Shows what waits, each new one as it comes, and what became of it; until `stop`. A server that
 * goes away is asked again; one that was never there ends it.
 */
export async function watchQuestions(session: Session, tenant: string | undefined): Promise<void> {
  const { screen, json, stop } = session
  const waiting = new Map<string, Question>()
  const wait = backoff()
  let reached = false
  if (!json) screen.tell('watching; Ctrl-C ends it')
  while (!stop.aborted) {
    let pause = EVERY_MS
    try {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await look(session, tenant, waiting)
      reached = true
      wait.reset()
    } catch (error) {
      if (stop.aborted) return
      if (!reached || !(error instanceof Failure) || !isPassing(error)) throw error
      pause = wait.next()
      screen.tell(`${error.message}; trying again in ${Math.ceil(pause / 1000)} s`)
    }
    // oxlint-disable-next-line no-await-in-loop
    await delay(pause, undefined, { signal: stop }).catch(() => {})
  }
}

async function look(
  session: Session,
  tenant: string | undefined,
  waiting: Map<string, Question>,
): Promise<void> {
  const query = { tenant, state: 'pending', limit: MANY }
  const answers = await Promise.all(KINDS.map((kind) => listed(session, kind, query)))
  const found = KINDS.flatMap((kind, at) => kind.many(answers[at]))
  const ids = new Set(found.map(({ id }) => id))
  for (const question of found.filter(({ id }) => !waiting.has(id))) {
    waiting.set(question.id, question)
    showNew(session, question)
  }
  const gone = [...waiting.keys()].filter((id) => !ids.has(id))
  for (const id of gone) {
    // oxlint-disable-next-line no-await-in-loop -- few, and in order
    if (await showEnd(session, id)) waiting.delete(id)
  }
}

function showNew({ screen, json, now }: Session, { id, said, lines }: Question): void {
  if (json) return screen.json(said, 'lines')
  screen.say(...lines(now()), `  → outpost approve ${id}`, '')
}

/** False: it waits still, beyond what a list shows. */
async function showEnd({ client, screen, json, now }: Session, id: string): Promise<boolean> {
  const kind = kindOf(id)
  const { state, said, standing } = kind.one(await client.json({ path: pathOf(kind.path, id) }))
  if (state === 'pending') return false
  if (json) screen.json(said, 'lines')
  else screen.say(`${id}  ${standing(now())}`, '')
  return true
}
