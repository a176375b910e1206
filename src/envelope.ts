import type { Permit } from './policy/decision.ts'
import { Refusal } from './refusal.ts'
import { codingOf } from './scrub/kinds.ts'
import { Scrubber } from './scrub/scrubber.ts'
import { redact, searchFor } from './secret.ts'
import type { Secret } from './secret.ts'

/** Seconds an agent is told to wait when an upstream says 429 and not for how long. */
export const DEFAULT_RETRY_AFTER = 1

/** As much of an upstream's 429 as goes into an envelope. */
const ENVELOPE_CHARS = 16 * 1024

/** What the runtime takes off when a body is read. */
const READABLE = new Set(['', 'gzip', 'br'])

/** Outpost's older form of an upstream's 429, which installations may ask for. */
export async function enveloped(
  { headers, body }: Response,
  { provider }: Permit,
  secrets: readonly Secret[],
): Promise<Refusal> {
  const header = headers.get('retry-after') ?? String(DEFAULT_RETRY_AFTER)
  const said = redact(header, secrets)
  const scrubber = new Scrubber(searchFor(secrets), false)
  const text = READABLE.has(codingOf(headers))
    ? await beginningOf(body, scrubber, provider.timeout_ms)
    : ''
  return new Refusal('PROXY_UPSTREAM_RATE_LIMITED', 'the upstream limits the rate', {
    metadata: {
      upstream_body: redact(text, secrets).slice(0, ENVELOPE_CHARS),
      retry_after: /^\d{1,6}$/.test(said) ? Number(said) : DEFAULT_RETRY_AFTER,
    },
    headers: { 'retry-after': said },
    echoes: scrubber.count + Number(said !== header),
  })
}

/**
 * What arrives of a text in so many milliseconds, up to what an envelope holds. Where it is cut off,
 * a tail that could be the beginning of a secret stays behind.
 */
async function beginningOf(
  body: ReadableStream<Uint8Array> | null,
  scrubber: Scrubber,
  limit_ms: number,
): Promise<string> {
  if (!body) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let cut = false
  const late = setTimeout(() => {
    cut = true
    reader.cancel().catch(() => {})
  }, limit_ms)
  let text = ''
  const add = (parts: readonly Uint8Array[]): void => {
    for (const part of parts) text += decoder.decode(part, { stream: true })
  }
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      add(scrubber.push(part.value))
      if ((cut ||= text.length >= ENVELOPE_CHARS)) break
    }
    if (!cut) add(scrubber.end())
    await reader.cancel()
  } catch {
    // The upstream broke off: what came is what there is.
  } finally {
    clearTimeout(late)
  }
  return text
}
