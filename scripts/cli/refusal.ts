import { EXIT, Failure } from './exit.ts'
import type { Exit } from './exit.ts'

const LONGEST = 600

interface Said {
  readonly code: string
  readonly message: string
  readonly fields: string
}

/**
 * An answer that is not a success, as the end that it means. `body` is its text, of which only the
 * error envelope (contract §7) is believed.
 */
export function refusalOf(status: number, body: string, origin: string): Failure {
  const said = envelope(body)
  const { exit, line } = said ? meaning(status, said, origin) : ofStranger(status, origin)
  return new Failure(exit, line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line, { status })
}

interface Meaning {
  readonly exit: Exit
  readonly line: string
}

/** Not Outpost's envelope: something else answers, perhaps something in front of it. */
function ofStranger(status: number, origin: string): Meaning {
  if (status >= 300 && status < 400) {
    const line = `${origin} redirects elsewhere (${status}), and the token goes nowhere else: give the final address as --url`
    return { exit: EXIT.unreachable, line }
  }
  if (status === 401 || status === 403) {
    return { exit: EXIT.denied, line: `not authorised at ${origin} (${status})` }
  }
  return { exit: EXIT.unreachable, line: notOutpost(origin, status) }
}

function meaning(status: number, { code, message, fields }: Said, origin: string): Meaning {
  const known = CODES[code]
  if (known) return { exit: known.exit, line: `${known.says(origin)} (${status})` }
  const { exit, says } = STATUSES[status] ?? FAILED
  const reason = `${message || 'it says no reason'}${fields && `: ${fields}`}`
  return { exit, line: `${says}: ${reason} (${status} ${code})` }
}

const CODES: Readonly<
  Record<string, { readonly exit: Exit; readonly says: (origin: string) => string }>
> = {
  PROXY_AUTH_REQUIRED: {
    exit: EXIT.denied,
    says: (origin) => `not authorised at ${origin}: is OUTPOST_ADMIN_TOKEN that of this server?`,
  },
  PROXY_OPERATOR_DENIED: {
    exit: EXIT.denied,
    says: (origin) => `this token may only read at ${origin}: use that of an administrator`,
  },
  PROXY_CONTROL_CLOSED: {
    exit: EXIT.denied,
    says: (origin) => `the control plane of ${origin} is closed: set OUTPOST_ADMIN_TOKEN there`,
  },
  PROXY_NO_ROUTE: {
    exit: EXIT.missing,
    says: (origin) => `${origin} has no such endpoint: it may be an older version`,
  },
}

const FAILED = { exit: EXIT.unexpected, says: 'the server failed' }
const REFUSED = { exit: EXIT.refused, says: 'the server refused the input' }

const STATUSES: Readonly<Record<number, { readonly exit: Exit; readonly says: string }>> = {
  400: REFUSED,
  401: { exit: EXIT.denied, says: 'not authorised' },
  403: { exit: EXIT.denied, says: 'not allowed' },
  404: { exit: EXIT.missing, says: 'not found' },
  405: REFUSED,
  409: { exit: EXIT.refused, says: 'not possible now' },
  413: REFUSED,
  415: REFUSED,
  422: REFUSED,
  429: { exit: EXIT.unexpected, says: 'too many requests, try again later' },
  503: { exit: EXIT.unreachable, says: 'the server cannot answer now' },
}

/** What to say when something else than Outpost's control plane answers. */
export function notOutpost(origin: string, status: number): string {
  return `what answers at ${origin} is not Outpost's control plane (${status}): look at --url or OUTPOST_URL`
}

function envelope(body: string): Said | null {
  try {
    const { error } = JSON.parse(body) as { error?: Record<string, unknown> }
    if (typeof error?.['code'] !== 'string' || typeof error['message'] !== 'string') return null
    return { code: error['code'], message: error['message'], fields: fieldsOf(error['metadata']) }
  } catch {
    return null
  }
}

/** `providers.0.access: expected "read" or "write"; …` */
function fieldsOf(metadata: unknown): string {
  const { fields } = (metadata ?? {}) as { fields?: unknown }
  if (!Array.isArray(fields)) return ''
  return (fields as readonly unknown[])
    .map((each) => {
      const { path, expected } = (each ?? {}) as { path?: unknown; expected?: unknown }
      const wants = typeof expected === 'string' ? `: expected ${expected}` : ''
      return typeof path === 'string' ? `${path || 'the whole'}${wants}` : ''
    })
    .filter(Boolean)
    .join('; ')
}
