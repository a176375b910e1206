import { Option } from 'commander'
import type { Command } from 'commander'

import { EXIT, Failure, misuse } from './exit.ts'
import { count, seconds } from './grant-input.ts'
import { pathOf } from './id.ts'
import { ACCESS, kindOf, KINDS, listed } from './kinds.ts'
import type { Open, Session } from './session.ts'
import { watchQuestions } from './watch.ts'

const SCOPES = ['once', '10m', '1h']

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
    .description('calls that wait for a person, and agents that ask for more access')
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
      await watchQuestions(open(command), options.tenant)
    })
  program
    .command('approve <id>')
    .description('let the call go, when it is sent again; or give the access that was asked for')
    .option(
      '--for <scope>',
      'a call: once, or 10m or 1h for all of its kind (default: once); access: a span, in place of what was asked for',
    )
    .action(async (id: string, options: { readonly for?: string }, command: Command) =>
      decide(open(command), id, 'approve', approval(id, options.for)),
    )
  program
    .command('deny <id>')
    .description('refuse it, or take back what was approved')
    .action(async (id: string, _: object, command: Command) =>
      decide(open(command), id, 'deny', {}),
    )
}

/** The body of an approval. */
function approval(id: string, lasts: string | undefined): object {
  if (kindOf(id) === ACCESS) return { expires_in: seconds('--for', lasts) }
  const scope = lasts ?? 'once'
  if (!SCOPES.includes(scope)) misuse(`--for of a call is one of ${SCOPES.join(', ')}`)
  return { scope }
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { screen, json, now } = session
  const { tenant, state } = options
  const limit = count('--limit', options.limit)
  const query = { tenant, limit, state: state === 'all' ? undefined : state }
  const kinds = KINDS.filter(({ states }) => state === 'all' || states.includes(state))
  const answers = await Promise.all(kinds.map((kind) => listed(session, kind, query)))
  if (json) return screen.json(Object.assign({}, ...answers))
  const found = kinds.flatMap((kind, at) => kind.many(answers[at]))
  if (found.length === 0) screen.say(state === 'pending' ? 'nothing waits' : 'none')
  found.forEach((each, at) => screen.say(...(at > 0 ? [''] : []), ...each.lines(now())))
}

async function decide(
  session: Session,
  id: string,
  how: 'approve' | 'deny',
  body: object,
): Promise<void> {
  const { client, screen, json, now } = session
  const kind = kindOf(id)
  const path = `${pathOf(kind.path, id)}/${how}`
  const answer = await client.json({ method: 'POST', path, body }).catch((error: unknown) => {
    const gone = error instanceof Failure && error.status === 409
    throw gone ? new Failure(EXIT.no, error.message) : error
  })
  if (json) return screen.json(answer)
  screen.say(...kind.one(answer).lines(now()))
}
