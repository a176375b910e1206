import type { GrantView } from './answers.ts'
import { relative, spanText, when } from './moment.ts'
import { pairs, table } from './table.ts'

type Granted = GrantView['providers'][number]

/** One grant, whole. */
export function grantLines(grant: GrantView, now: number): readonly string[] {
  const { id, state, tenant, project, agent, providers, cidrs, revoked_at, max_calls, note } = grant
  return [
    `${id}  ${state}`,
    ...pairs([
      ['agent', agent],
      ['tenant', project === null ? tenant : `${tenant}, project ${project}`],
      ['may call', providers.flatMap(providerText)],
      ['added to it', grant.widened.flatMap((each) => addedText(each, now))],
      ['from', cidrs.length > 0 ? cidrs.join(' ') : 'the addresses of a matching host entry'],
      ['created', when(grant.created_at, now)],
      ['expires', when(grant.expires_at, now)],
      ['revoked', revoked_at === null ? '' : when(revoked_at, now)],
      ['calls', max_calls === null ? '' : `${max_calls} at most`],
      [
        'limits',
        grant.rate_limits.map((each) => `${each.capacity} in ${spanText(each.window_ms)}`),
      ],
      ['approval', approvalText(grant)],
      ['note', note],
      ['tokens', grant.tokens.map((token) => tokenText(token, now))],
    ]),
  ]
}

function providerText({ provider, access, allow, deny }: Granted): readonly string[] {
  const denied = deny.map((pattern) => `  deny ${pattern}`)
  return [`${provider} (${access})`, ...allowLines(allow), ...denied]
}

/** What an agent asked for and got: who takes it back denies that request. */
function addedText(
  { id, provider, access, allow, until }: GrantView['widened'][number],
  now: number,
): readonly string[] {
  const end = until === null ? '' : `, until ${when(until, now)}`
  return [`${provider} (${access})${end}  by ${id}`, ...allowLines(allow)]
}

/** A line for each rule. */
export function allowLines(allow: Granted['allow']): readonly string[] {
  return (allow ?? []).map(({ methods, method, pattern }) => {
    const names = [...methods, ...[method].flat()].join(',')
    return `  allow ${names} ${pattern}`
  })
}

function approvalText({ approval, approval_hold_seconds: hold }: GrantView): string {
  if (approval === 'none') return ''
  const calls = approval === 'all' ? 'of every call' : `of ${approval} calls`
  return hold ? `${calls}, which wait ${hold} s for it` : calls
}

function tokenText(token: GrantView['tokens'][number], now: number): string {
  const until = token.valid_until === null ? '' : `, valid until ${when(token.valid_until, now)}`
  return `of ${when(token.created_at, now)}${until}`
}

const COLUMNS = [
  { head: 'ID' },
  { head: 'STATE' },
  { head: 'TENANT', elastic: true },
  { head: 'AGENT', elastic: true },
  { head: 'MAY CALL', elastic: true },
  { head: 'EXPIRES' },
  { head: 'NOTE', elastic: true },
]

/** Many grants, a line each. */
export function grantTable(
  grants: readonly GrantView[],
  now: number,
  width: number,
): readonly string[] {
  if (grants.length === 0) return ['no grants']
  const rows = grants.map(({ id, state, tenant, project, agent, providers, expires_at, note }) => [
    id,
    state,
    project === null ? tenant : `${tenant}/${project}`,
    agent,
    providers.map(({ provider, access }) => `${provider}:${access}`).join(' '),
    relative(expires_at, now),
    note,
  ])
  return table(COLUMNS, rows, width)
}

/** What to do with a token that is shown this once: lines to copy. */
export function tokenLines(token: string, grant: GrantView, origin: string): readonly string[] {
  const [first] = grant.providers
  const calls = [
    `curl -H "X-Outpost-Auth: $OUTPOST_TOKEN" ${quoted(`${origin}/_outpost/whoami`)}`,
    ...(first
      ? [
          `curl -H "X-Outpost-Auth: $OUTPOST_TOKEN" -H ${quoted(`X-Provider: ${first.provider}`)} ${quoted(`${origin}/PATH`)}`,
        ]
      : []),
  ]
  return [
    'The token. It is shown this once, and cannot be read again:',
    '',
    `  ${token}`,
    '',
    'Give it to the agent, as its key of the API or so:',
    '',
    `  export OUTPOST_TOKEN=${quoted(token)}`,
    ...calls.map((line) => `  ${line}`),
  ]
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w:/.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
