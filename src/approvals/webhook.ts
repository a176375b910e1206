import type { ApprovalAsk } from './approval.ts'

/** Longer texts are cut by chat programs, and nobody reads them. */
const LONGEST = 3000

/**
 * A new approval as an incoming webhook of Slack takes it (docs.slack.dev, "Sending messages using
 * incoming webhooks"): `text` alone is needed; the other fields are for programs of your own.
 */
export function webhookMessage(id: string, ask: ApprovalAsk): Readonly<Record<string, unknown>> {
  const { subject, host, project, grant_note, shown_path, query_keys, summary, operation } = ask
  const { agent, tenant, provider, method } = subject
  const whose = project === null ? tenant : `${tenant} / ${project}`
  // What decides comes first: the agent chooses how long the rest is.
  const lines = [
    `outpost approve ${id}   or   outpost deny ${id}`,
    `${agent} (${whose}) asks to ${method} ${host}`,
    ...(grant_note === '' ? [] : [`grant: ${grant_note}`]),
    ...(operation === null ? [] : [`operation: ${operation}`]),
    `body: ${summary}`,
    `path: ${shown_path}`,
    ...(query_keys.length > 0 ? [`query: ${query_keys.join(', ')}`] : []),
  ]
  return {
    text: shown(lines),
    approval_id: id,
    tenant,
    project,
    agent,
    provider,
    method,
  }
}

/** Lines as a chat program shows them, cut where they are too long. */
export function shown(lines: readonly string[]): string {
  const whole = literal(lines.join('\n'))
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}… (cut)` : whole
}

/** `<…>` would be a link or a mention of everybody, and agents choose the words. */
function literal(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
