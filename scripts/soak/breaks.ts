import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of Outpost, spoilt. */
export interface Break {
  /** The promise that is not kept then. */
  readonly spoils: string
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

const ENTRY = 'return proxy(request, deps)'

/** In place of the entry's answer: one whose body ends well, whatever became of the upstream's. */
const ENDING_WELL = `return proxy(request, deps).then((answer) => {
      const reader = answer.body?.getReader()
      if (!reader) return answer
      const body = new ReadableStream({
        async pull(controller) {
          const part = await reader.read().catch(() => null)
          if (part === null || part.value === undefined) controller.close()
          else controller.enqueue(part.value)
        },
      })
      const headers = new Headers(answer.headers)
      headers.delete('content-length')
      return new Response(body, { status: answer.status, headers })
    })`

/** Faults to be found: a check that nothing can fail proves nothing. */
export const BREAKS: Readonly<Record<string, Break>> = {
  limits: {
    spoils: 'no window is exceeded',
    file: 'src/limits/object.ts',
    from: 'this.#cover(before, ask)\n      this.#ledger = ledger',
    to: 'this.#cover(before, ask)\n      this.#ledger ??= ledger',
  },
  cooldown: {
    spoils: 'nobody goes during a cooldown',
    file: 'src/limits/object.ts',
    from: 'cool(this.#load(undefined, now), wait_ms, now)',
    to: 'cool(this.#load(undefined, now), wait_ms / 4, now)',
  },
  quota: {
    spoils: 'max_calls is exact',
    file: 'src/limits/ledger.ts',
    from: 'if (used >= (ask.quota ?? Infinity)) {',
    to: 'if (used > (ask.quota ?? Infinity)) {',
  },
  keys: {
    spoils: 'a key is forwarded once',
    file: 'src/replay/claim.ts',
    from: "if (known.state === 'running') return { is: 'running', since: known.since }",
    to: "if (known.state === 'running') return { is: 'mine' }",
  },
  approvals: {
    spoils: 'an approval is used once',
    file: 'src/tenants/entering.ts',
    from: '  if (asked.changed) approvals.put(asked.approval)\n  return opened(',
    to: '  return opened(',
  },
  revoked: {
    spoils: 'a revoked grant makes no sensitive call',
    file: 'src/grants/grant.ts',
    from: "if (revoked !== null) return 'revoked'",
    to: "if (revoked !== null && expires < 0) return 'revoked'",
  },
  records: {
    spoils: 'a sensitive call that was forwarded is on record',
    file: 'src/tenants/entering.ts',
    from: "const [place] = ledger.append([{ kind: 'opened', event: text }], now)",
    to: `const lost = /"path":"[^"]*7"/.test(text)
  const [place] = lost ? [{ seq: 1 }] : ledger.append([{ kind: 'opened', event: text }], now)`,
  },
  cache: {
    spoils: 'no kept answer is older than its lifetime',
    file: 'src/cache.ts',
    from: 'const expires = stored + slot.ttl * 1000',
    to: 'const expires = stored + slot.ttl * 3000',
  },
  headers: {
    spoils: "the agent's key stays here",
    file: 'src/headers.ts',
    from: "if (NOT_FORWARDED_PREFIXES.some((each) => plain.startsWith(each))) return { plain, is: 'blocked' }",
    to: '',
  },
  truncation: {
    spoils: 'a body that breaks off is seen to',
    file: 'src/worker.ts',
    from: ENTRY,
    to: ENDING_WELL,
  },
  memory: {
    spoils: 'memory is flat',
    file: 'src/worker.ts',
    from: ENTRY,
    to: `{
      const held = ((globalThis as unknown as { held: Uint8Array[] }).held ??= [])
      held.push(new Uint8Array(20_000).fill(1))
      return proxy(request, deps)
    }`,
  },
}

/**
 * Spoils a copy of the project.
 * @throws when the line is not there as it was.
 */
export function breakIn(root: string, name: string): void {
  const broken = BREAKS[name]
  if (!broken) throw new Error(`nothing to break is called ${name}`)
  const file = join(root, broken.file)
  writeFileSync(file, spoilt(readFileSync(file, 'utf8'), broken))
}

/** @throws when the line is not there, or more than once. */
export function spoilt(text: string, { file, from, to }: Break): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file}: what is to be spoilt is not there once`)
  return parts.join(to)
}
