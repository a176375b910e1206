import { text } from 'node:stream/consumers'

import { Option } from 'commander'
import type { Command } from 'commander'

import { Grants, NewToken, OneGrant, read } from './answers.ts'
import type { Ask } from './client.ts'
import { count, grantInput, seconds } from './grant-input.ts'
import type { GrantFlags } from './grant-input.ts'
import { grantLines, grantTable, tokenLines } from './grant-view.ts'
import { pathOf } from './id.ts'
import { allPages } from './pages.ts'
import type { Open, Session } from './session.ts'
import { stdin } from './stdin.ts'

const PATH = '/_outpost/grants'

/** `outpost grant …`. */
export function addGrant(program: Command, open: Open): void {
  const grant = program
    .command('grant')
    .helpCommand(false)
    .description('what agents may do, until when')
  addCreate(grant, open)
  addList(grant, open)
  grant
    .command('show <id>')
    .description('one grant')
    .action(async (id: string, _: object, command: Command) =>
      showOne(open(command), { path: pathOf(PATH, id) }),
    )
  grant
    .command('revoke <id>')
    .description('end it now: sensitive calls at once, reads within a minute')
    .action(async (id: string, _: object, command: Command) =>
      showOne(open(command), { method: 'DELETE', path: pathOf(PATH, id) }),
    )
  grant
    .command('rotate <id>')
    .description('give it a new token, which is printed once')
    .option('--overlap <span>', 'how long the old one lives on (default: it ends now)')
    .action(async (id: string, { overlap }: { readonly overlap?: string }, command: Command) => {
      const body = overlap === undefined ? {} : { overlap: seconds('--overlap', overlap) }
      await showToken(open(command), { method: 'POST', path: `${pathOf(PATH, id)}/rotate`, body })
    })
  grant
    .command('renew <id>')
    .description('let it last longer, counted from now')
    .requiredOption('--expires <span>', 'such as 8h or 30d')
    .action(async (id: string, { expires }: { readonly expires: string }, command: Command) => {
      const body = { expires_in: seconds('--expires', expires) }
      await showOne(open(command), { method: 'POST', path: `${pathOf(PATH, id)}/renew`, body })
    })
}

function addCreate(grant: Command, open: Open): void {
  const many = (value: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    value,
  ]
  grant
    .command('create')
    .description(
      'make a grant; its token is printed once. --agent, --provider, --expires are needed',
    )
    .option('--tenant <name>', 'whose it is (default: the tenant "default")')
    .option('--project <name>', 'a piece of work in it')
    .option('--agent <name>', 'who will hold it')
    .option(
      '--provider <name[:access]>',
      'may call it; :read (the default) or :write. Repeatable',
      many,
    )
    .option('--allow <rule>', "only these, 'NAME:METHOD PATTERN'. Repeatable", many)
    .option('--deny <rule>', "never these, 'NAME:PATTERN'. Repeatable", many)
    .option('--cidr <range>', 'only from there. Repeatable', many)
    .option('--expires <span>', 'such as 8h or 30d; at most 90d')
    .option('--max-calls <n>', 'so many calls in all')
    .option('--limit <calls/span>', "such as '60/1m'. Repeatable", many)
    .addOption(
      new Option('--approval <mode>', 'which calls wait for a person').choices([
        'none',
        'sensitive',
        'all',
      ]),
    )
    .option('--hold <span>', 'such a call waits so long, at most 60s, before it is refused')
    .option('--note <text>', 'what it is for; whoever approves sees it')
    .option(
      '--from <file>',
      'JSON as POST /_outpost/grants takes it, - for standard input; flags go over it',
    )
    .action(async (flags: GrantFlags, command: Command) => {
      const session = open(command)
      const given = flags.from === '-' ? await text(stdin(session.stop)) : null
      const body = grantInput(flags, given)
      await showToken(session, { method: 'POST', path: PATH, body })
    })
}

interface ListOptions {
  readonly tenant?: string
  readonly project?: string
  readonly agent?: string
  readonly state?: string
  readonly limit?: string
}

const MANY = 200

function addList(grant: Command, open: Open): void {
  grant
    .command('list')
    .description('grants, a line each')
    .option('--tenant <name>', 'of this tenant (default: of all)')
    .option('--project <name>', 'of this project')
    .option('--agent <name>', 'of this agent')
    .addOption(
      new Option('--state <state>', 'only these').choices(['active', 'expired', 'revoked']),
    )
    .option('--limit <n>', `at most so many (default: ${MANY})`)
    .action(async ({ limit, ...filter }: ListOptions, command: Command) => {
      const session = open(command)
      const most = count('--limit', limit) ?? MANY
      const answer = await allPages(
        session.client,
        { path: PATH, query: { ...filter } },
        'grants',
        most,
      )
      const { screen, json, now } = session
      if (json) return screen.json(answer)
      const { grants, next } = read(Grants, answer)
      screen.say(...grantTable(grants, now(), screen.width))
      if (next !== null) screen.tell(`there are more: --limit ${most * 5} shows them`)
    })
}

async function showOne({ client, screen, json, now }: Session, ask: Ask): Promise<void> {
  const answer = await client.json(ask)
  if (json) return screen.json(answer)
  screen.say(...grantLines(read(OneGrant, answer).grant, now()))
}

async function showToken({ client, screen, json, now }: Session, ask: Ask): Promise<void> {
  const answer = await client.json(ask)
  if (json) return screen.json(answer)
  const { grant, token } = read(NewToken, answer)
  screen.say(...grantLines(grant, now()), '', ...tokenLines(token, grant, client.origin))
}
