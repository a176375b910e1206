/** What a pause holds for. An agent belongs to the tenant in whose object the pause is kept. */
export type PauseScope =
  | { readonly all: true }
  /** Lower case. */
  | { readonly provider: string }
  | { readonly agent: string }
  | { readonly tenant: string }

/** The kill switch, thrown: nothing of its scope is called until an operator resumes it. */
export interface Pause {
  readonly scope: PauseScope
  /** Unix ms. */
  readonly since: number
  /** The operator: `admin`, `access:<email>`. */
  readonly by: string
  readonly note: string
}

/** Whom a call would be made for. */
export interface PauseSubject {
  readonly tenant: string
  /** null: a caller without a grant, who has no agent's name. */
  readonly agent: string | null
  readonly provider: string
  /** The provider at the root of what that one extends. */
  readonly alias_of: string | null
}

/** The first pause that holds for the call, or null. */
export function pausedBy(pauses: readonly Pause[], subject: PauseSubject): Pause | null {
  return pauses.find(({ scope }) => covers(scope, subject)) ?? null
}

/** One text for each scope, so that a second pause of it replaces the first. */
export function scopeKey(scope: PauseScope): string {
  if ('all' in scope) return 'all'
  if ('provider' in scope) return `provider ${scope.provider}`
  if ('agent' in scope) return `agent ${scope.agent}`
  return `tenant ${scope.tenant}`
}

/** An alias is the same API with another key: it stops with the provider that it extends. */
function covers(scope: PauseScope, { tenant, agent, provider, alias_of }: PauseSubject): boolean {
  if ('all' in scope) return true
  if ('provider' in scope) return scope.provider === provider || scope.provider === alias_of
  if ('agent' in scope) return scope.agent === agent
  return scope.tenant === tenant
}
