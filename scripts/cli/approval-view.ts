import type { ApprovalView } from './answers.ts'
import { relative, when } from './moment.ts'
import { pairs } from './table.ts'

/** One approval with everything that a person has to weigh; nothing of it is cut. */
export function approvalLines(approval: ApprovalView, now: number): readonly string[] {
  const { id, state, tenant, project, agent, provider, host, method, path, query_keys } = approval
  const { grant, grant_note, summary, operation } = approval
  return [
    `${id}  ${stateText(approval, now)}`,
    ...pairs([
      ['call', `${method} ${path}`],
      ['operation', operation ?? ''],
      ['query', query_keys.length > 0 ? `with ${query_keys.join(', ')}` : ''],
      ['body', summary],
      ['provider', host === null ? provider : `${provider} at ${host}`],
      ['agent', agent],
      ['tenant', project === null ? tenant : `${tenant}, project ${project}`],
      ['grant', [grant, grant_note && `"${grant_note}"`].filter(Boolean).join('  ')],
      ['asked', when(approval.created_at, now)],
      [state === 'pending' ? 'expires' : 'decided', lastText(approval, now)],
      [
        'a scope',
        state === 'pending' && approval.pattern !== null
          ? `--for 10m and --for 1h also cover ${method} ${[approval.pattern, operation].filter(Boolean).join(', ')}`
          : '',
      ],
      ['used', approval.used_at === null ? '' : when(approval.used_at, now)],
    ]),
  ]
}

/** `approved for 10m by admin`. */
export function stateText(
  { state, scope, decided_by, expires_at }: ApprovalView,
  now: number,
): string {
  if (state === 'pending') return `pending, expires ${relative(expires_at, now)}`
  const how =
    state === 'approved' && scope !== null ? (scope === 'once' ? ' once' : ` for ${scope}`) : ''
  return `${state}${how}${decided_by === null ? '' : ` by ${decided_by}`}`
}

function lastText({ state, decided_at, expires_at }: ApprovalView, now: number): string {
  if (state === 'pending') return when(expires_at, now)
  return decided_at === null ? '' : when(decided_at, now)
}
