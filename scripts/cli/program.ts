import { Command } from 'commander'

import { VERSION } from '../../src/version.ts'
import { addApprovals } from './approvals.ts'
import { addAudit } from './audit.ts'
import { addEnv } from './env.ts'
import type { Here } from './env.ts'
import { misuse } from './exit.ts'
import { addGrant } from './grant.ts'
import { addPause } from './pause.ts'
import { DEFAULT_URL } from './place.ts'
import type { Screen } from './screen.ts'
import type { Open } from './session.ts'
import { addSimulate } from './simulate.ts'
import { addStatus } from './status.ts'
import { addToken } from './token.ts'

const ABOUT = `
Environment:
  OUTPOST_URL          where the server is, unless --url says so
  OUTPOST_ADMIN_TOKEN  the operator's token; OUTPOST_VIEWER_TOKEN's value may stand here, to read.
                       Not set, and the server on this machine: that of ./.dev.vars, if it has one

Exit codes:
  0  done
  1  the answer is "no": the audit has faults, the approval is gone, the call would be denied
  2  the command line makes no sense
  3  no answer from the server, or not from Outpost
  4  not authorised (401, 403), or the control plane is closed
  5  there is no such thing
  6  the server refused the input
  70 anything unexpected
  128 + N  ended by signal N; --watch and --follow end with 0

Times are UTC. Spans: 90s, 10m, 8h, 30d; a bare number is seconds.
`

/** The whole command line. `parseAsync` runs what was asked for, and throws what it throws. */
export function programOf(screen: Screen, open: Open, here: Here): Command {
  const program = new Command('outpost')
    .description("The operator's command line of Outpost.")
    .version(VERSION, '--version', 'the version of this command line')
    .option('--url <url>', `the server (default: OUTPOST_URL, or ${DEFAULT_URL})`)
    .option('--json', "the server's JSON, for programs; one line a value where it goes on")
    .option('--insecure', 'send the token over http:// to another machine')
    .option('--timeout <span>', 'how long to wait for an answer (default: 30s)')
    .helpOption('-h, --help', 'how to use it')
    .helpCommand(false)
    .addHelpText('after', ABOUT)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (said) => screen.tell(complaint(said)) })
    .showHelpAfterError(false)
    .exitOverride()
  addStatus(program, open)
  addGrant(program, open)
  addApprovals(program, open)
  addAudit(program, open)
  addPause(program, open)
  addSimulate(program, open)
  addToken(program, open)
  addEnv(program, screen, here)
  program
    .command('dev')
    .description('serve this checkout, as `npm start` does: outpost dev --help')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => misuse('`dev` comes first, and its own options after it: outpost dev --help'))
  return program
}

/** Commander's complaint in one line, without values: one may be a secret that was typed there. */
function complaint(said: string): string {
  return said
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/'(--?[\w-]+)=[^']*'/g, "'$1'")
    .replaceAll(/\s*\n\s*/g, ' ')
}
