import { Option } from 'commander'
import type { Command } from 'commander'

import { Approvals, OneApproval, read } from './answers.ts'
import { approvalLines } from './approval-view.ts'
import { EXIT, Failure, misuse } from './exit.ts'
import { count } from './grant-input.ts'
import { pathOf } from './id.ts'
import type { Open, Session } from './session.ts'
import { watchApprovals } from './watch.ts'

const PATH = '/_outpost/approvals'

interface ListOptions {
  readonly tenant?: string
  readonly state: string
  readonly limit?: string
  readonly watch?: boolean
}

/** `outpost approvals`, `outpost approve` and `outpost deny`. */
export function addApprovals(program: Command, open: Open): void {
  program
    .command('approvals')
    .description('calls that wait for a person')
    .option('--watch', 'go on, and show each new one until interrupted')
    .option('--tenant <name>', 'of this tenant (default: of all)')
    .addOption(
      new Option('--state <state>', 'those in this state')
        .choices(['pending', 'approved', 'denied', 'used', 'expired', 'all'])
        .default('pending'),
    )
    .option('--limit <n>', 'at most so many')
    .action(async ({ watch, ...options }: ListOptions, command: Command) => {
      if (!watch) return list(open(command), options)
      if (options.state !== 'pending') misuse('--watch shows those that are pending')
      await watchApprovals(open(command), options.tenant)
    })
  program
    .command('approve <id>')
    .description('let the call go, when it is sent again')
    .addOption(
      new Option('--for <scope>', 'this call once, or all of its kind for a while')
        .choices(['once', '10m', '1h'])
        .default('once'),
    )
    .action(async (id: string, options: { readonly for: string }, command: Command) =>
      decide(open(command), `${pathOf(PATH, id)}/approve`, { scope: options.for }),
    )
  program
    .command('deny <id>')
    .description('refuse the call')
    .action(async (id: string, _: object, command: Command) =>
      decide(open(command), `${pathOf(PATH, id)}/deny`, {}),
    )
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { client, screen, json, now } = session
  const { tenant, state } = options
  const limit = count('--limit', options.limit)
  const query = { tenant, limit, state: state === 'all' ? undefined : state }
  const answer = await client.json({ path: PATH, query })
  if (json) return screen.json(answer)
  const { approvals } = read(Approvals, answer)
  if (approvals.length === 0) screen.say(state === 'pending' ? 'nothing waits' : 'none')
  approvals.forEach((each, at) =>
    screen.say(...(at > 0 ? [''] : []), ...approvalLines(each, now())),
  )
}

async function decide(session: Session, path: string, body: object): Promise<void> {
  const { client, screen, json, now } = session
  const answer = await client.json({ method: 'POST', path, body }).catch((error: unknown) => {
    const gone = error instanceof Failure && error.status === 409
    throw gone ? new Failure(EXIT.no, error.message) : error
  })
  if (json) return screen.json(answer)
  screen.say(...approvalLines(read(OneApproval, answer).approval, now()))
}
