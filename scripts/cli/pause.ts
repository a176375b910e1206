import type { Command } from 'commander'

import { Paused, read } from './answers.ts'
import { misuse } from './exit.ts'
import { pauseLines } from './pause-view.ts'
import type { Open, Session } from './session.ts'

interface Options {
  readonly provider?: string
  readonly agent?: string
  readonly tenant?: string
  readonly all?: boolean
  readonly note?: string
}

/** `outpost pause` and `outpost resume`: the kill switch. */
export function addPause(program: Command, open: Open): void {
  scoped(program, 'pause', 'stop calls; sensitive ones at once, reads within a minute')
    .option('--note <text>', 'why, for whoever finds it')
    .action(async ({ note, ...scope }: Options, command: Command) =>
      send(open(command), 'pause', { ...scopeOf(scope), ...(note === undefined ? {} : { note }) }),
    )
  scoped(program, 'resume', 'let calls go again').action(async (scope: Options, command: Command) =>
    send(open(command), 'resume', scopeOf(scope)),
  )
}

function scoped(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--provider <name>', 'calls to this provider, of every tenant')
    .option('--agent <name>', 'calls of this agent; with --tenant, in that tenant alone')
    .option('--tenant <name>', 'calls of this tenant')
    .option('--all', 'all calls')
}

/**
 * The one thing that was named.
 * @throws Failure: nothing, or more than one. Which of two is meant must not be a guess here.
 */
function scopeOf({ provider, agent, tenant, all }: Options): Readonly<Record<string, unknown>> {
  const named = [provider, agent, agent === undefined ? tenant : undefined, all]
  const many = named.filter((each) => each !== undefined).length
  if (many !== 1 || (tenant !== undefined && (provider ?? all) !== undefined)) {
    misuse('say what: one of --provider NAME, --agent NAME (with --tenant), --tenant NAME, --all')
  }
  return Object.fromEntries(
    Object.entries({ provider, agent, tenant, all }).filter(([, value]) => value !== undefined),
  )
}

async function send(session: Session, what: 'pause' | 'resume', body: object): Promise<void> {
  const { client, screen, json, now } = session
  const answer = await client.json({ method: 'POST', path: `/_outpost/${what}`, body })
  if (json) return screen.json(answer)
  const { paused } = read(Paused, answer)
  screen.say(...(paused.length > 0 ? ['Paused now'] : []), ...pauseLines(paused, now()))
}
