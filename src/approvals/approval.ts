/** The very call that is approved: all of it makes the key, so another body is another approval. */
export interface ApprovalSubject {
  readonly tenant: string
  /** The grant's id: what was approved ends with it. */
  readonly grant: string
  readonly agent: string
  readonly provider: string
  readonly method: string
  readonly path: string
  readonly query: string
  /** SHA-256 of the body, hex. */
  readonly body: string
  /** SHA-256 of the headers that go upstream and may mean something, hex. */
  readonly headers: string
}

/** A call that may go only when a person says so, and what that person is shown of it. */
export interface ApprovalAsk {
  readonly subject: ApprovalSubject
  /** The grant's id. */
  readonly grant: string
  readonly grant_note: string
  readonly project: string | null
  /** Of the rules that let it through: what a timed scope covers. null: the path itself. */
  readonly pattern: string | null
  /** The rules that decided, and the operation as it is: a timed scope goes beyond none of it. */
  readonly rule: string
  /** What it asks for in the words of its API. Redacted. */
  readonly operation: string | null
  /** The upstream's host. */
  readonly host: string
  readonly query_keys: readonly string[]
  /** Redacted. */
  readonly shown_path: string
  /** Of the body, redacted. */
  readonly summary: string
}

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'used' | 'expired'

/** `once` is this call; the others are every call of its agent, provider, method and pattern. */
export type ApprovalScope = 'once' | '10m' | '1h'

/** What is kept of an ask: names, and no value of the query or the body. */
export type AskShown = Omit<ApprovalAsk, 'subject' | 'pattern' | 'rule'> & {
  /** What a timed scope covers; a path is redacted. */
  readonly pattern: string
  readonly agent: string
  readonly provider: string
  readonly method: string
}

/** A question to a person and what became of it. Of the raw call there are only digests. */
export interface Approval {
  /** `ap_`, the tenant's tag, 20 random digits. */
  readonly id: string
  /** SHA-256 of the whole subject. */
  readonly key: string
  /** SHA-256 of grant, agent, provider, method and pattern: what a timed scope covers. */
  readonly cover: string
  readonly ask: AskShown
  readonly state: ApprovalState
  /** Unix ms. */
  readonly created: number
  /** Unix ms: from then on the call is asked for anew. */
  readonly expires: number
  /** null until it is approved. */
  readonly scope: ApprovalScope | null
  /** Unix ms, or null. */
  readonly decided: number | null
  /** The operator who decided. */
  readonly by: string | null
  /** Unix ms of the first call that it let through. */
  readonly used: number | null
}

/** How an approval stands at a moment: what is pending or approved ends when it expires. */
export function stateAt({ state, expires }: Approval, now: number): ApprovalState {
  const ends = state === 'pending' || state === 'approved'
  return ends && now >= expires ? 'expired' : state
}
