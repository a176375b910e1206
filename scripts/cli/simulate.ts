import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

import type { Command } from 'commander'

import { read, Simulated } from './answers.ts'
import { EXIT, misuse } from './exit.ts'
import type { Open, Session } from './session.ts'
import { stdin } from './stdin.ts'
import { pairs, table } from './table.ts'

interface Options {
  readonly grant?: string
  readonly host?: string
  readonly provider: string
  readonly query?: string
  readonly body?: string
  readonly contentType?: string
}

/** `outpost simulate`: what would become of a call. */
export function addSimulate(program: Command, open: Open): void {
  program
    .command('simulate <method> <path>')
    .description('what would become of a call, and why; nothing is sent, no secret is read')
    .option('--grant <id>', 'with a token of this grant')
    .option('--host <id>', 'from a host of this entry of hosts.yaml')
    .requiredOption('--provider <name>', 'to this provider')
    .option('--query <text>', 'the query, as it stands after the ?; or write it into the path')
    .option('--body <text>', 'the body; @FILE for that of a file, - for standard input')
    .option('--content-type <type>', 'what the body is; without it, application/json')
    .action(async (method: string, target: string, options: Options, command: Command) => {
      if ((options.grant ?? options.host) === undefined) misuse('say who calls: --grant or --host')
      const { grant, host, provider } = options
      const session = open(command)
      const body = await bodyOf(options.body, session)
      const { contentType: content_type } = options
      const asked = { grant, host, provider, method: method.toUpperCase(), body, content_type }
      const answer = await session.client.json({
        method: 'POST',
        path: '/_outpost/simulate',
        body: { ...asked, ...targetOf(target, options.query) },
      })
      const result = read(Simulated, answer)
      if (!result.decision.allow) process.exitCode = EXIT.no
      if (session.json) return session.screen.json(answer)
      show(result, session)
    })
}

function targetOf(target: string, query: string | undefined) {
  const at = target.indexOf('?')
  if (at < 0) return { path: target, query: query?.replace(/^\?/, '') }
  if (query !== undefined) misuse('the query is there twice: in the path, and as --query')
  return { path: target.slice(0, at), query: target.slice(at + 1) }
}

async function bodyOf(given: string | undefined, { stop }: Session): Promise<string | undefined> {
  if (given === '-') return await text(stdin(stop))
  if (!given?.startsWith('@')) return given
  try {
    return readFileSync(given.slice(1), 'utf8')
  } catch {
    return misuse(`--body ${given}: this file cannot be read`)
  }
}

function show({ decision, steps }: Simulated, { screen }: Session): void {
  const { allow, reason, rule, sensitive, category, approval } = decision
  screen.say(
    headOf(decision),
    ...pairs([
      ['reason', reason],
      ['rule', rule],
      // Of a call that was refused before that was asked, `false` says nothing.
      ['sensitive', answerOf(sensitive, 'yes', allow ? 'no' : '')],
      ['category', category],
      ['approval', typeof approval === 'string' ? approval : answerOf(approval, 'needed', '')],
    ]),
    '',
  )
  const rows = steps.map(({ step, ok, detail }) => [
    `  ${step}`,
    answerOf(ok, 'ok', 'no') || '-',
    detail,
  ])
  const columns = [{ head: '  STEP' }, { head: '' }, { head: 'WHY', elastic: true }]
  screen.say(...table(columns, rows, screen.width))
}

function headOf({ allow, code, needs_body }: Simulated['decision']): string {
  if (needs_body) return 'DEPENDS on the body: give it with --body'
  return allow ? 'ALLOW' : `DENY ${code ?? ''}`.trimEnd()
}

function answerOf(value: boolean | null, yes: string, no: string): string {
  if (value === null) return ''
  return value ? yes : no
}
