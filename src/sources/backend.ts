/** One kind of place outside of the Worker where secrets are kept, named by the scheme of its URI. */
export interface Backend {
  /** `op`, `vault`, … as in `op://`. */
  readonly scheme: string
  /**
   * Names of the Worker's own settings that it reads: address, access token. They are reserved: no
   * provider may name them.
   */
  readonly settings: readonly string[]
  /** What is wrong with this URI (the whole text), for the build; null when it is well-formed. Pure. */
  readonly problem: (uri: string) => string | null
  /** Names of settings without which it cannot read, given which are set; for the status. */
  readonly missing: (isSet: (name: string) => boolean) => readonly string[]
  /**
   * Reads the value. Called with URIs only in which `problem` found nothing.
   * @throws SourceError
   */
  readonly read: (uri: string, reading: Reading) => Promise<string>
}

/** What a backend may use. */
export interface Reading {
  /** A setting's value, without white space around it; null when it is not set. */
  readonly setting: (name: string) => string | null
  /**
   * Sends one request and reads the whole answer: https (http to a loopback or private address
   * only), redirects refused, within 10 s, 1 MiB at most. An answer of any status is an answer.
   * @throws SourceError 'unreachable', 'malformed' (too large, a redirect), 'unconfigured' (http elsewhere)
   */
  readonly ask: (request: Request) => Promise<SourceAnswer>
  /** Unix ms. */
  readonly now: number
  /** Login tokens of this isolate, by whatever names the backend. Never written anywhere. */
  readonly sessions: Map<string, Session>
}

export interface SourceAnswer {
  readonly status: number
  readonly headers: Headers
  /** undefined when the answer is not JSON. */
  readonly json: unknown
}

export interface Session {
  readonly token: string
  /** Until when it is used, Unix ms. */
  readonly until: number
}

/**
 * `denied` and `missing` are answers: what was read before is not used any more. `unreachable`,
 * `busy` (429, 5xx) and `malformed` are failures, which a value that was read before outlives for a
 * while. `unconfigured`: a setting is not set, or cannot be used.
 */
export type SourceFailure =
  | 'unconfigured'
  | 'unreachable'
  | 'denied'
  | 'missing'
  | 'malformed'
  | 'busy'

export interface SourceErrorOptions extends ErrorOptions {
  /** More about it, in words of ours. */
  readonly why?: string
}

/** Why a value could not be read. For the operator; carries no text of the backend and no value. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly kind: SourceFailure

  constructor(kind: SourceFailure, { why, ...options }: SourceErrorOptions = {}) {
    super(why === undefined ? kind : `${kind}: ${why}`, options)
    this.kind = kind
  }
}

/** `op` of `op://…`; null when there is none. */
export function schemeOf(uri: string): string | null {
  return /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1] ?? null
}
