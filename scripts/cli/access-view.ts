import type { AccessView } from './answers.ts'
import { allowLines } from './grant-view.ts'
import { relative, spanText, when } from './moment.ts'
import { pairs } from './table.ts'

/** One request for more access with everything that a person has to weigh. */
export function accessLines(request: AccessView, now: number): readonly string[] {
  const { id, tenant, project, agent, provider, access, allow, duration, grant } = request
  const whole = allow === null ? ['  whatever the provider allows'] : allowLines(allow)
  return [
    `${id}  ${accessState(request, now)}`,
    ...pairs([
      ['wants', [`${provider} (${access})`, ...whole]],
      ['for', duration === null ? 'as long as the grant' : spanText(duration * 1000)],
      ['reason', request.reason],
      ['agent', agent],
      ['tenant', project === null ? tenant : `${tenant}, project ${project}`],
      [
        'grant',
        [grant, request.grant_note && `"${request.grant_note}"`].filter(Boolean).join('  '),
      ],
      ['asked', when(request.created_at, now)],
      ['decided', request.decided_at === null ? '' : when(request.decided_at, now)],
    ]),
  ]
}

/** `approved by admin, until …`. */
export function accessState({ state, decided_by, expires_at }: AccessView, now: number): string {
  if (state === 'pending') return `pending, expires ${relative(expires_at, now)}`
  const by = decided_by === null ? '' : ` by ${decided_by}`
  return state === 'approved' ? `approved${by}, until ${when(expires_at, now)}` : `${state}${by}`
}
