import type { AccessAsk } from './access_request.ts'

/** Longer texts are cut by chat programs, and nobody reads them. */
const LONGEST = 3000

/** A wish in one line, for people. */
export function wishText({ provider, access, allow, duration }: AccessAsk): string {
  const where = allow?.map(({ methods, pattern }) => `${methods.join('|')} ${pattern}`).join(', ')
  const lasts = duration === null ? 'as long as the grant' : `for ${duration} s`
  return `${access} at ${provider}: ${where ?? 'all that it allows'}, ${lasts}`
}

/** A new request for access as an incoming webhook takes it: see `webhookMessage` of approvals. */
export function accessMessage(
  id: string,
  tenant: string,
  ask: AccessAsk,
): Readonly<Record<string, unknown>> {
  const { agent, project, provider, access, reason, grant, grant_note } = ask
  const whose = project === null ? tenant : `${tenant} / ${project}`
  const lines = [
    `outpost approve ${id}   or   outpost deny ${id}`,
    `${agent} (${whose}) asks for more than its grant ${grant} allows`,
    ...(grant_note === '' ? [] : [`grant: ${grant_note}`]),
    `access: ${wishText(ask)}`,
    `reason, in the agent's words: ${reason}`,
  ]
  const whole = literal(lines.join('\n'))
  return {
    text: whole.length > LONGEST ? `${whole.slice(0, LONGEST)}… (cut)` : whole,
    access_request_id: id,
    tenant,
    project,
    agent,
    provider,
    access,
  }
}

/** `<…>` would be a link or a mention of everybody, and agents choose the words. */
function literal(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
