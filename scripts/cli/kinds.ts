import { accessLines, accessState } from './access-view.ts'
import { Accesses, Approvals, OneAccess, OneApproval, read } from './answers.ts'
import { approvalLines, stateText } from './approval-view.ts'
import { Failure } from './exit.ts'
import type { Session } from './session.ts'

/** Something that a person decides, ready to be shown. */
export interface Question {
  readonly id: string
  readonly state: string
  readonly created_at: string
  /** As the server said it. */
  readonly said: unknown
  readonly lines: (now: number) => readonly string[]
  /** How it stands, in a few words. */
  readonly standing: (now: number) => string
}

/** A kind of questions: where the server has them, and how its answers are read. */
export interface Kind {
  readonly path: string
  readonly states: readonly string[]
  readonly many: (answer: unknown) => readonly Question[]
  readonly one: (answer: unknown) => Question
}

type Approval = ReturnType<typeof approvalsIn>[number]
type Access = ReturnType<typeof accessesIn>[number]

const approvalsIn = (answer: unknown) => read(Approvals, answer).approvals
const accessesIn = (answer: unknown) => read(Accesses, answer).access_requests

/** Calls that wait for a person. */
export const APPROVALS: Kind = {
  path: '/_outpost/approvals',
  states: ['pending', 'approved', 'denied', 'used', 'expired'],
  many: (answer) => approvalsIn(answer).map(ofApproval),
  one: (answer) => ofApproval(read(OneApproval, answer).approval),
}

/** What agents ask for beyond their grants. */
export const ACCESS: Kind = {
  path: '/_outpost/access-requests',
  states: ['pending', 'approved', 'denied', 'expired'],
  many: (answer) => accessesIn(answer).map(ofAccess),
  one: (answer) => ofAccess(read(OneAccess, answer).access_request),
}

export const KINDS = [APPROVALS, ACCESS] as const

function ofApproval(said: Approval): Question {
  const { id, state, created_at } = said
  const lines = (now: number) => approvalLines(said, now)
  return { id, state, created_at, said, lines, standing: (now) => stateText(said, now) }
}

function ofAccess(said: Access): Question {
  const { id, state, created_at } = said
  const lines = (now: number) => accessLines(said, now)
  return { id, state, created_at, said, lines, standing: (now) => accessState(said, now) }
}

/** The kind of what has that id. */
export function kindOf(id: string): Kind {
  return id.startsWith('ar_') ? ACCESS : APPROVALS
}

/** What the server has of a kind; `{}` where it is too old to know requests for access. */
export async function listed(
  { client }: Session,
  { path }: Kind,
  query: Readonly<Record<string, string | number | undefined>>,
): Promise<unknown> {
  return client.json({ path, query }).catch((error: unknown) => {
    if (path === ACCESS.path && error instanceof Failure && error.status === 404) {
      return { access_requests: [] }
    }
    throw error
  })
}
