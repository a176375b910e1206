import { Option } from 'commander'
import type { Command } from 'commander'

import { Events, read, Verified } from './answers.ts'
import type { Fault } from './answers.ts'
import { eventTable } from './audit-view.ts'
import { EXIT, misuse } from './exit.ts'
import { exportAudit } from './export.ts'
import { followAudit } from './follow.ts'
import { count } from './grant-input.ts'
import { readMoment } from './moment.ts'
import { allPages } from './pages.ts'
import type { Open, Session } from './session.ts'

/** The filters of `GET /_outpost/audit`, as they were typed. */
interface Filters {
  readonly tenant?: string
  readonly project?: string
  readonly agent?: string
  readonly provider?: string
  readonly decision?: string
  readonly since?: string
  readonly until?: string
  readonly limit?: string
}

interface Options extends Filters {
  readonly follow?: boolean
  readonly verify?: boolean
  readonly export?: string
  readonly force?: boolean
}

const MANY = 50
const MANY_BEFORE_FOLLOWING = 10
/** Reading a long chain takes its time. */
const VERIFY_PATIENCE_MS = 600_000

/** `outpost audit`. */
export function addAudit(program: Command, open: Open): void {
  program
    .command('audit')
    .description('what was called, allowed or refused, and what operators did; the newest last')
    .option('--tenant <name>', 'whose (default: the tenant "default")')
    .option('--project <name>', 'of this project')
    .option('--agent <name>', 'of this agent')
    .option('--provider <name>', 'to this provider')
    .addOption(new Option('--decision <d>', 'only these').choices(['allow', 'deny']))
    .option('--since <time>', 'not before 2026-11-22, 2026-11-22T10:00:00Z, or so long ago: 2h')
    .option('--until <time>', 'before that')
    .option('--limit <n>', `the last so many (default: ${MANY})`)
    .addOption(new Option('--follow', 'go on with what comes, until interrupted'))
    .addOption(
      new Option('--verify', 'let the server prove the chain; faults end with 1').conflicts(
        'follow',
      ),
    )
    .addOption(
      new Option(
        '--export <file>',
        'the whole chain as NDJSON into a file, - for a pipe',
      ).conflicts(['follow', 'verify']),
    )
    .option('--force', 'with --export: over a file that is there')
    .action(async (options: Options, command: Command) => {
      if (options.verify || options.export !== undefined) refuseFilters(options)
      const session = open(command)
      if (options.verify) return verify(session, options.tenant)
      if (options.export !== undefined) {
        return exportAudit(session, { ...options, file: options.export })
      }
      const query = queryOf(options, session.now())
      if (!options.follow) return list(session, query, count('--limit', options.limit) ?? MANY)
      if (options.until !== undefined) misuse('--follow has no end: leave --until out')
      const before = count('--limit', options.limit) ?? MANY_BEFORE_FOLLOWING
      return followAudit(session, query, before)
    })
}

/** A chain with gaps proves nothing. */
function refuseFilters({ project, agent, provider, decision, since, until, limit }: Options): void {
  const given = [project, agent, provider, decision, since, until, limit]
  if (given.some((each) => each !== undefined)) {
    misuse('--verify and --export take the whole chain of a tenant: only --tenant goes with them')
  }
}

function queryOf(filters: Filters, now: number): Readonly<Record<string, string | undefined>> {
  const { tenant, project, agent, provider, decision } = filters
  const since = moment('--since', filters.since, now)
  const until = moment('--until', filters.until, now)
  return { tenant, project, agent, provider, decision, since, until }
}

function moment(flag: string, text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined
  const at = readMoment(text, now) ?? misuse(`${flag} '${text}': a time such as 2026-11-22 or 2h`)
  return new Date(at).toISOString()
}

async function list(
  { client, screen, json }: Session,
  query: Readonly<Record<string, string | undefined>>,
  most: number,
): Promise<void> {
  const answer = await allPages(client, { path: '/_outpost/audit', query }, 'events', most)
  if (json) return screen.json(answer)
  const { events, next } = read(Events, answer)
  if (next !== null) screen.tell(`the last ${events.length}; --limit shows more`)
  screen.say(...eventTable(events.toReversed(), screen.width))
}

function faultText({ seq, through, what }: Fault): string {
  const to = through === null || through === seq ? '' : ` to ${through}`
  return `  record ${seq ?? 'unknown'}${to}: ${what}`
}

async function verify(session: Session, tenant: string | undefined): Promise<void> {
  const { client, screen, json, patience = VERIFY_PATIENCE_MS } = session
  const answer = await client.json({
    path: '/_outpost/audit/verify',
    query: { tenant },
    patience,
  })
  const { ok, faults, records, from, head, ...found } = read(Verified, answer)
  if (!ok || faults.length > 0) process.exitCode = EXIT.no
  if (json) return screen.json(answer)
  const span = from && head ? `, ${from.seq + 1} to ${head.seq}` : ''
  const what = `the audit of tenant ${found.tenant}: ${records} records${span}`
  if (ok && faults.length === 0) {
    screen.say(`ok: ${what}`, ...(head ? [`head: ${head.seq}:${head.hash}`] : []))
    return
  }
  screen.say(`NOT ok: ${what}`, ...faults.map(faultText))
}
