import { setTimeout as delay } from 'node:timers/promises'

import { Approvals, OneApproval, read } from './answers.ts'
import type { ApprovalView } from './answers.ts'
import { approvalLines, stateText } from './approval-view.ts'
import { backoff } from './backoff.ts'
import { Failure, isPassing } from './exit.ts'
import { pathOf } from './id.ts'
import type { Session } from './session.ts'

const PATH = '/_outpost/approvals'
const EVERY_MS = 2000
const MANY = 200

/**
 * Shows what waits, each new one as it comes, and what became of it; until `stop`. A server that
 * goes away is asked again; one that was never there ends it.
 */
export async function watchApprovals(session: Session, tenant: string | undefined): Promise<void> {
  const { screen, json, stop } = session
  const waiting = new Map<string, ApprovalView>()
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
  waiting: Map<string, ApprovalView>,
): Promise<void> {
  const query = { tenant, state: 'pending', limit: MANY }
  const { approvals } = read(Approvals, await session.client.json({ path: PATH, query }))
  const ids = new Set(approvals.map(({ id }) => id))
  for (const approval of approvals.filter(({ id }) => !waiting.has(id))) {
    waiting.set(approval.id, approval)
    showNew(session, approval)
  }
  const gone = [...waiting.keys()].filter((id) => !ids.has(id))
  for (const id of gone) {
    // oxlint-disable-next-line no-await-in-loop -- few, and in order
    if (await showEnd(session, id)) waiting.delete(id)
  }
}

function showNew({ screen, json, now }: Session, approval: ApprovalView): void {
  if (json) return screen.json(approval, 'lines')
  screen.say(...approvalLines(approval, now()), `  → outpost approve ${approval.id}`, '')
}

/** False: it waits still, beyond what a list shows. */
async function showEnd({ client, screen, json, now }: Session, id: string): Promise<boolean> {
  const { approval } = read(OneApproval, await client.json({ path: pathOf(PATH, id) }))
  if (approval.state === 'pending') return false
  if (json) screen.json(approval, 'lines')
  else screen.say(`${id}  ${stateText(approval, now())}`, '')
  return true
}
