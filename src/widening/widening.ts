import type { Access, Grant, GrantRule, Widening } from '../grants/grant.ts'
import type { Wish } from './access_request.ts'

/** So many hold at a time in one grant. */
export const MOST_WIDENINGS = 50

/** The widenings of a grant that hold at that moment, Unix ms. */
export function liveIn({ widened = [] }: Pick<Grant, 'widened'>, now: number): readonly Widening[] {
  return widened.filter(({ until }) => until === null || now < until)
}

/** The grant with what holds at that moment, Unix ms, and nothing that has ended. */
export function asOf(grant: Grant, now: number): Grant {
  if ((grant.widened ?? []).length === 0) return grant
  return { ...grant, widened: liveIn(grant, now) }
}

/** The grant with one more, in place of those that have ended. */
export function widenedBy(grant: Grant, widening: Widening, now: number): Grant {
  return { ...grant, widened: [...liveIn(grant, now), widening] }
}

/** Whether something that was added to the grant, by the ids that somebody knows, was taken back. */
export function narrowedSince({ widened = [] }: Grant, ids: readonly string[]): 'narrowed' | null {
  return ids.every((id) => widened.some((each) => each.id === id)) ? null : 'narrowed'
}

/** The grant without what was approved by the request of that id. */
export function narrowedTo(grant: Grant, id: string): Grant {
  return { ...grant, widened: (grant.widened ?? []).filter((each) => each.id !== id) }
}

/**
 * Whether the grant has plainly all that is wished for, whichever of its entries says so. Where that
 * would take a comparison of patterns, it has not: then a person is asked.
 */
export function covers(grant: Grant, wish: Wish, now: number): boolean {
  const entries = [...grant.providers, ...liveIn(grant, now)]
  const own = grant.providers.find(({ provider }) => provider === wish.provider)
  if (own && own.deny.length > 0) return false
  return entries.some(
    ({ provider, access, allow }) =>
      provider === wish.provider && suffices(access, wish.access) && includes(allow, wish.allow),
  )
}

function suffices(has: Access, wants: Access): boolean {
  return has === 'write' || wants === 'read'
}

function includes(has: readonly GrantRule[] | null, wants: readonly GrantRule[] | null): boolean {
  return has === null || JSON.stringify(has) === JSON.stringify(wants)
}
