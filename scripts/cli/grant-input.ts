import { readFileSync } from 'node:fs'

import { misuse } from './exit.ts'
import { providersOf } from './grant-providers.ts'
import { readSpan } from './moment.ts'

/** The flags of `grant create`, as they were typed. */
export interface GrantFlags {
  readonly tenant?: string
  readonly project?: string
  readonly agent?: string
  readonly provider?: readonly string[]
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly cidr?: readonly string[]
  readonly expires?: string
  readonly maxCalls?: string
  readonly limit?: readonly string[]
  readonly approval?: string
  readonly hold?: string
  readonly note?: string
  readonly from?: string
}

/**
 * The body of `POST /_outpost/grants` (control-plane.md §2): what the file says, and over it what
 * the flags say. The server checks the values; here only what cannot be expressed is refused.
 *
 * @throws Failure: a flag cannot be read, or something that every grant has is missing.
 */
export function grantInput(flags: GrantFlags, stdin: string | null): Record<string, unknown> {
  const file = flags.from === undefined ? {} : readFrom(flags.from, stdin)
  const providers = providersOf(flags)
  const said = {
    tenant: flags.tenant,
    project: flags.project,
    agent: flags.agent,
    providers,
    cidrs: flags.cidr,
    expires_in: seconds('--expires', flags.expires),
    max_calls: count('--max-calls', flags.maxCalls),
    rate_limits: flags.limit?.map(readLimit),
    approval: flags.approval,
    approval_hold_seconds: seconds('--hold', flags.hold),
    note: flags.note,
  }
  const given = Object.entries(said).filter(([, value]) => value !== undefined)
  const input = { ...file, ...Object.fromEntries(given) }
  if (flags.from === undefined) demand(input)
  return input
}

const DEMANDED = { agent: '--agent', providers: '--provider', expires_in: '--expires' } as const

function demand(input: object): void {
  const missing = Object.entries(DEMANDED).filter(([key]) => !Object.hasOwn(input, key))
  if (missing.length > 0) {
    misuse(`missing: ${missing.map(([, flag]) => flag).join(', ')}; no grant goes without`)
  }
}

function readFrom(file: string, stdin: string | null): object {
  let value: unknown
  try {
    value = JSON.parse(stdin ?? readFileSync(file, 'utf8'))
  } catch (error) {
    const bad = error instanceof SyntaxError
    misuse(`--from ${file}: ${bad ? 'this is no JSON' : 'this file cannot be read'}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  return misuse(`--from ${file}: a JSON object is expected, as POST /_outpost/grants takes it`)
}

/** `60/1m` → 60 calls in any minute. */
function readLimit(text: string): { readonly capacity: number; readonly window_ms: number } {
  const [, capacity, span = ''] = /^(\d{1,9})\/(\w+)$/.exec(text) ?? []
  const window_ms = readSpan(span)
  if (capacity === undefined || window_ms === null || window_ms === 0) {
    misuse(`--limit '${text}': CALLS/SPAN is expected, such as 60/1m`)
  }
  return { capacity: Number(capacity), window_ms }
}

/**
 * Whole seconds of a span; undefined where none was typed.
 * @throws Failure: it is none.
 */
export function seconds(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = readSpan(text)
  if (ms === null || ms % 1000 !== 0) misuse(`${flag} '${text}': a span is expected, such as 8h`)
  return ms / 1000
}

/**
 * A whole number from 1 on; undefined where none was typed.
 * @throws Failure: it is none.
 */
export function count(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,14}$/.test(text)) misuse(`${flag} '${text}': a whole number is expected`)
  return Number(text)
}
