import type { Ask, Client } from './client.ts'
import { EXIT, Failure } from './exit.ts'

/** The most that is asked for at once. */
const PAGE = 200

/**
 * The answer to a list's query with up to `most` entries, page after page, in the form of one page:
 * `{[key]: […], next}`. `next` is not null when there are more.
 */
export async function allPages(
  client: Client,
  ask: Ask,
  key: 'grants' | 'events',
  most: number,
): Promise<Readonly<Record<string, unknown>>> {
  const found: unknown[] = []
  let cursor: string | undefined
  do {
    const query = { ...ask.query, limit: Math.min(PAGE, most - found.length), cursor }
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const page = pageOf(await client.json({ ...ask, query }), key)
    found.push(...page.entries)
    // A page may be empty and not the last: the server looks only so far at once.
    if (page.next !== undefined && page.next === cursor) throw useless(key)
    cursor = page.next
  } while (cursor !== undefined && found.length < most)
  return { [key]: found.slice(0, most), next: cursor ?? null }
}

function pageOf(
  answer: unknown,
  key: string,
): { readonly entries: readonly unknown[]; readonly next: string | undefined } {
  const { [key]: entries, next } = Object(answer) as Readonly<Record<string, unknown>>
  if (!Array.isArray(entries)) throw useless(key)
  return { entries, next: typeof next === 'string' ? next : undefined }
}

function useless(key: string): Failure {
  return new Failure(EXIT.unexpected, `the server's answer has no list of ${key} that goes on`)
}
