import type { Call } from '../call.ts'
import type { Rule } from '../catalog.ts'
import { bodyFields, queryFields } from '../content/body.ts'
import { failureIn, verdictOf } from '../content/conditions.ts'
import type { Conditions, Failure, Verdict } from '../content/conditions.ts'
import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import type { Fields } from '../content/fields.ts'

/** Thrown where a rule asks for a body that has not been read yet. Nothing is wrong with the call. */
export class NotRead extends Error {}

/** What a call says in its query and in its body, taken apart when a rule asks for it. */
export class Asked {
  readonly #call: Call
  readonly #content: Content | null
  #query: readonly Fields[] | null = null
  #body: Fields | null = null
  /** The rule that was asked about last. */
  at = -1

  constructor(call: Call, content: Content | null) {
    this.#call = call
    this.#content = content
  }

  /**
   * Whether a rule is for this call, as far as its `when` says. The query first, which may save the
   * body from being read.
   * @throws NotRead, Unreadable
   */
  isFor({ when }: Rule, index: number): Verdict {
    this.at = index
    if (!when) return 'holds'
    const query = this.#inQuery(when.query)
    if (query === 'fails' || when.body.length === 0) return query
    const body = verdictOf(when.body, this.#bodyFields())
    return body === 'holds' ? query : body
  }

  /** What the rule requires, and the call does not meet: `body.amount`. @throws NotRead, Unreadable */
  unmet({ query, body }: Rule, index: number): (Failure & { readonly place: string }) | null {
    this.at = index
    if (query.length > 0) {
      for (const fields of this.#queryFields()) {
        const failure = failureIn(query, fields)
        if (failure) return { ...failure, place: `query.${failure.field}` }
      }
    }
    const failure = body.length > 0 ? failureIn(body, this.#bodyFields()) : null
    return failure && { ...failure, place: `body.${failure.field}` }
  }

  #inQuery(conditions: Conditions): Verdict {
    if (conditions.length === 0) return 'holds'
    const [first = 'unclear', ...others] = this.#queryFields().map((fields) =>
      verdictOf(conditions, fields),
    )
    return others.every((each) => each === first) ? first : 'unclear'
  }

  /** Many servers take the parameters of a GET from its body too. */
  #queryFields(): readonly Fields[] {
    const { method, query, request } = this.#call
    if (request.body && (method === 'GET' || method === 'HEAD')) {
      throw new Unreadable(`a ${method} with a body, where a rule reads the query`)
    }
    return (this.#query ??= queryFields(query))
  }

  #bodyFields(): Fields {
    const { query, request } = this.#call
    const bytes = request.body ? this.#content?.bytes : new Uint8Array()
    if (!bytes || this.#content?.whole === false) throw new NotRead()
    return (this.#body ??= bodyFields(request.headers, bytes, query))
  }
}
