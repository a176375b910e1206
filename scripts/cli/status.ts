import type { Command } from 'commander'

import { read, StatusView } from './answers.ts'
import type { Level, Pause } from './answers.ts'
import { relative, spanText } from './moment.ts'
import { pauseLines } from './pause-view.ts'
import type { Open, Session } from './session.ts'
import { rotationLines, sourceLines } from './source-view.ts'
import { table } from './table.ts'

/** `outpost status`. */
export function addStatus(program: Command, open: Open): void {
  program
    .command('status')
    .description('providers, hosts, tenants, pauses, limits and problems of the server')
    .action(async (_: object, command: Command) => {
      const session = open(command)
      const answer = await session.client.json({ path: '/_outpost/status' })
      if (session.json) return session.screen.json(answer)
      show(read(StatusView, answer), session)
    })
}

function show(status: StatusView, { screen, client, now }: Session): void {
  const sections = [
    [`Outpost ${status.version} at ${client.origin}`],
    titled(
      'Problems',
      status.problems.map((each) => `  ${each}`),
    ),
    titled('Paused', pausedLines(status.pauses, now())),
    titled('Providers', providerLines(status, screen.width)),
    titled('Secrets kept elsewhere', sourceLines(status, screen.width, now())),
    titled('Rotations', rotationLines(status, screen.width, now())),
    titled('Hosts', hostLines(status, screen.width)),
    titled('Tenants', tenantLines(status, screen.width)),
    titled('Limits', limitLines(status, screen.width, now())),
  ].filter((lines) => lines.length > 0)
  sections.forEach((lines, at) => screen.say(...(at > 0 ? [''] : []), ...lines))
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? [title, ...lines] : []
}

function pausedLines(pauses: readonly Pause[], now: number): readonly string[] {
  return pauses.length > 0 ? pauseLines(pauses, now) : []
}

function providerLines({ providers }: StatusView, width: number): readonly string[] {
  const rows = providers.map(({ name, mode, auth, ready, missing_secrets }) => [
    `  ${name}`,
    ready === false ? 'not ready' : 'ready',
    mode,
    auth,
    missing_secrets.length > 0 ? `missing: ${missing_secrets.join(', ')}` : '',
  ])
  const columns = [
    { head: '  NAME' },
    { head: 'STATE' },
    { head: 'MODE' },
    { head: 'AUTH' },
    { head: '', elastic: true },
  ]
  return rows.length > 0 ? table(columns, rows, width) : ['  none is enabled']
}

function hostLines({ hosts }: StatusView, width: number): readonly string[] {
  const rows = hosts.map(({ id, cidrs, key, can_call_sensitive, require_grant }) => [
    `  ${id}`,
    key,
    can_call_sensitive ? 'yes' : 'no',
    require_grant ? 'required' : 'no',
    cidrs.join(' '),
  ])
  const columns = [
    { head: '  ID' },
    { head: 'KEY' },
    { head: 'SENSITIVE' },
    { head: 'GRANT' },
    { head: 'FROM', elastic: true },
  ]
  return rows.length > 0
    ? table(columns, rows, width)
    : ['  none: nobody is let in without a grant']
}

function tenantLines({ tenants }: StatusView, width: number): readonly string[] {
  if (tenants.length === 0) return []
  const rows = tenants.map(({ tenant, grants, approvals, records, bytes }) => [
    `  ${tenant}`,
    `${grants.active ?? 0} active, ${grants.expired ?? 0} expired, ${grants.revoked ?? 0} revoked`,
    `${approvals.pending ?? 0} pending`,
    `${records} records`,
    bytesText(bytes),
  ])
  const columns = [
    { head: '  TENANT' },
    { head: 'GRANTS' },
    { head: 'APPROVALS' },
    { head: 'AUDIT' },
    { head: 'STORED' },
  ]
  return table(columns, rows, width)
}

/** One line for each category that was used. */
function limitLines({ limits }: StatusView, width: number, now: number): readonly string[] {
  if (limits.length === 0) return []
  const rows = limits.map(({ provider, category, cooldown_until, levels }) => [
    `  ${provider}`,
    category,
    cooldown_until === null ? 'open' : `cooling down, ends ${relative(cooldown_until, now)}`,
    levels.map(levelText).join('; '),
  ])
  const columns = [
    { head: '  PROVIDER' },
    { head: 'CATEGORY' },
    { head: 'STATE' },
    { head: 'LEVELS', elastic: true },
  ]
  return table(columns, rows, width)
}

function levelText({ capacity, window_ms, remaining }: Level): string {
  const window = `${capacity} in ${spanText(window_ms)}`
  return remaining === null ? window : `${remaining} of ${window} left`
}

function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
