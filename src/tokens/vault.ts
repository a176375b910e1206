/** How long one mint may hold the lease. A mint itself gives up after 15 s. */
export const LEASE_MS = 20_000

/** After a failure nobody asks the token endpoint for so long; twice as long after the next one. */
const BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

/**
 * Rejected tokens are dropped so often in so long. An upstream that answers 401 for reasons of its
 * own would otherwise have a token minted with every call, and agents choose the calls.
 */
const MAX_DROPS = 5
const DROPS_MS = 10 * 60_000

const DAY_MS = 24 * 60 * 60_000

/** A sealed token. `mint` is the number of the mint that it came from. */
export interface Held {
  readonly mint: number
  readonly sealed: string
  /** Unix ms. */
  readonly until: number
}

/** All that is known of one credential. Nothing in it is readable without the master key. */
export interface Vault {
  readonly token: Held | null
  /** The newest refresh token, sealed. */
  readonly refresh: string | null
  /** Who mints at the moment, and until when nobody else does, Unix ms. */
  readonly lease: { readonly mint: number; readonly until: number } | null
  /** Mints are numbered from 1. */
  readonly mints: number
  /** The last mint that brought something. */
  readonly delivered: number
  readonly failure: Failure | null
  /** Why it is of no use to try again. */
  readonly paused: string | null
  /** When rejected tokens were dropped of late, Unix ms. */
  readonly drops: readonly number[]
}

interface Failure {
  readonly reason: string
  /** Unix ms. */
  readonly until: number
  /** In a row. */
  readonly count: number
}

/** What a caller is told who wants a token. */
export type Acquired =
  | { readonly is: 'held'; readonly token: Held }
  /** Yours to mint; `refresh` is the newest refresh token, sealed. */
  | { readonly is: 'yours'; readonly mint: number; readonly refresh: string | null }
  | { readonly is: 'failed'; readonly reason: string }
  | { readonly is: 'paused'; readonly reason: string }

/** What a mint came to. Everything in it is sealed. */
export interface Delivery {
  readonly mint: number
  readonly sealed: string
  readonly until: number
  /** null: the one before stays. */
  readonly refresh: string | null
}

export const EMPTY: Vault = {
  token: null,
  refresh: null,
  lease: null,
  mints: 0,
  delivered: 0,
  failure: null,
  paused: null,
  drops: [],
}

/**
 * One caller's question. `answer` is null while somebody else mints: the caller waits for a change,
 * or for the end of the lease, and asks again.
 */
export function acquire(vault: Vault, now: number): { answer: Acquired | null; vault: Vault } {
  const { token, lease, failure, paused } = vault
  if (token && token.until > now) return { answer: { is: 'held', token }, vault }
  if (paused !== null) return { answer: { is: 'paused', reason: paused }, vault }
  if (lease && lease.until > now) return { answer: null, vault }
  if (failure && failure.until > now) {
    return { answer: { is: 'failed', reason: failure.reason }, vault }
  }
  const mint = vault.mints + 1
  return {
    answer: { is: 'yours', mint, refresh: vault.refresh },
    vault: { ...vault, mints: mint, lease: { mint, until: now + LEASE_MS } },
  }
}

/**
 * Keeps what was minted, late or not: where refresh tokens rotate, the newest is the only one that
 * still works. Only what an earlier mint brings after a later one was kept is left out.
 */
export function deliver(vault: Vault, { mint, sealed, until, refresh }: Delivery): Vault {
  if (mint < vault.delivered) return vault
  return {
    ...vault,
    token: { mint, sealed, until },
    delivered: mint,
    refresh: refresh ?? vault.refresh,
    lease: null,
    failure: null,
    paused: null,
  }
}

/** The mint came to nothing. Ignored from one who no longer holds the lease. */
export function fail(vault: Vault, mint: number, reason: string, now: number): Vault {
  if (vault.lease?.mint !== mint) return vault
  const count = (vault.failure?.count ?? 0) + 1
  const wait = Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** (count - 1))
  return { ...vault, lease: null, failure: { reason, count, until: now + wait } }
}

/** As `fail`, and nobody tries again: a changed secret is another credential, with its own vault. */
export function pause(vault: Vault, mint: number, reason: string): Vault {
  return vault.lease?.mint === mint ? { ...vault, lease: null, paused: reason } : vault
}

/**
 * The upstream rejected the token of that mint. It is dropped if it is the one that is held, so
 * many rejections of one token drop it once. `another`: whether to ask for another one is of use.
 */
export function reject(
  vault: Vault,
  mint: number,
  now: number,
): { another: boolean; vault: Vault } {
  if (vault.token?.mint !== mint) return { another: true, vault }
  const drops = vault.drops.filter((at) => at > now - DROPS_MS)
  if (drops.length >= MAX_DROPS) return { another: false, vault }
  return { another: true, vault: { ...vault, token: null, drops: [...drops, now] } }
}

/**
 * Until when it is worth keeping, Unix ms. Without a refresh token a day after the last use; with
 * one as long as somebody may still come back, since it cannot be had again.
 */
export function keptUntil({ token, refresh, paused }: Vault, now: number): number {
  const days = refresh !== null || paused !== null ? 400 : 1
  return Math.max(token?.until ?? 0, now) + days * DAY_MS
}
