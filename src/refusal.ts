/** Every way the proxy itself can say no, with its status: contract §7. Upstream errors are relayed. */
export const REFUSALS = {
  PROXY_UNKNOWN_PROVIDER: 400,
  PROXY_AMBIGUOUS_PROVIDER: 400,
  PROXY_AMBIGUOUS_CREDENTIAL: 400,
  PROXY_BAD_PATH: 400,
  PROXY_BAD_REQUEST: 400,
  PROXY_AUTH_REQUIRED: 401,
  PROXY_HOST_DENIED: 403,
  PROXY_PATH_DENIED: 403,
  PROXY_SENSITIVE_DENIED: 403,
  PROXY_PROVIDER_DENIED: 403,
  PROXY_GRANT_REQUIRED: 403,
  PROXY_GRANT_DENIED: 403,
  PROXY_WRONG_CLIENT: 403,
  PROXY_APPROVAL_REQUIRED: 403,
  PROXY_PAUSED: 403,
  PROXY_OPERATOR_DENIED: 403,
  PROXY_CROSS_ORIGIN: 403,
  PROXY_NO_ROUTE: 404,
  PROXY_NOT_FOUND: 404,
  PROXY_METHOD_DENIED: 405,
  PROXY_IDEMPOTENCY_IN_FLIGHT: 409,
  PROXY_CONFLICT: 409,
  PROXY_BODY_TOO_LARGE: 413,
  PROXY_IDEMPOTENCY_MISMATCH: 422,
  PROXY_RATE_LIMITED: 429,
  PROXY_UPSTREAM_RATE_LIMITED: 429,
  PROXY_AUTH_ERROR: 502,
  PROXY_UPSTREAM_ERROR: 502,
  PROXY_CONTROL_CLOSED: 503,
  PROXY_UPSTREAM_TIMEOUT: 504,
} as const satisfies Record<string, number>

export type RefusalCode = keyof typeof REFUSALS

export interface RefusalDetails {
  /** For the agent: nothing of another caller's, no variable name, no storage key. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** For the operator's record only: the rule or the setting that decided. */
  readonly reason?: string
  /** Whose record it belongs in, where that is known though the caller was not let in. */
  readonly tenant?: string
  /** The upstream did answer, but with nothing that can be handed on. */
  readonly answered?: boolean
  /** How many echoes of a credential there were in what was not handed on. */
  readonly echoes?: number
  readonly cause?: unknown
}

/** Thrown by any stage to end a call. `message` is public: it goes to the agent as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly details: RefusalDetails

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.details = details
  }
}

/**
 * Any error as a refusal. One that is not a Refusal is our own fault: the agent is told nothing of
 * it and gets a 502, the operator finds the error's class in the record.
 */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const reason = error instanceof Error ? error.name : typeof error
  return new Refusal('PROXY_UPSTREAM_ERROR', 'the call could not be completed', {
    reason: `unexpected ${reason}`,
    cause: error,
  })
}

/** The answer the agent gets: the error envelope of contract §7. */
export function refuse({ code, message, details }: Refusal): Response {
  const body = { status: 'FAILURE', error: { code, message, metadata: details.metadata ?? null } }
  return Response.json(body, {
    status: REFUSALS[code],
    headers: { 'cache-control': 'no-store', ...details.headers, 'x-proxy-error': code },
  })
}
