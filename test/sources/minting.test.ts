import { describe, expect, it } from 'vitest'

import type { SecretRef } from '../../src/auth/scheme.ts'
import { opening } from '../../src/opening.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { callSources } from '../../src/sources/call_sources.ts'
import type { Sourced } from '../../src/sources/call_sources.ts'
import { Keeper } from '../../src/sources/keeper.ts'
import { Rotation } from '../../src/sources/rotations.ts'
import type { Tokens } from '../../src/tokens/tokens.ts'
import { NOW } from '../recording.ts'

const CLIENT: SecretRef = { env: 'NEW', previous: { env: 'OLD' } }
const SECRETS = new Map([
  ['NEW', new Secret('sentinel-new')],
  ['OLD', new Secret('sentinel-old')],
])

/** A call whose token endpoint mints for the clients of `accepts` alone. */
function minting(accepts: readonly string[]) {
  const asked: string[] = []
  const rotation = new Rotation()
  const sourced: Sourced = { refs: [CLIENT], rotation }
  const live = () => rotation.standing(NOW)
  const find = (ref: SecretRef) => ('env' in ref ? (SECRETS.get(ref.env) ?? null) : null)
  const keeper = new Keeper({
    now: () => NOW,
    times: { fresh_ms: 1, stale_ms: 1 },
    read: () => Promise.reject(new Error('nothing is kept elsewhere')),
    waitUntil: () => {},
    warn: () => {},
  })
  const tokens: Tokens = {
    minted: async (recipe) => {
      const [id = ''] = recipe.identity()
      asked.push(id)
      if (!accepts.includes(id)) throw new Refusal('PROXY_AUTH_ERROR', 'client rejected')
      return new Secret(`sentinel-token-of-${id}`)
    },
    stored: () => Promise.resolve(null),
    reject: () => Promise.resolve(false),
  }
  const deps = { now: () => NOW, keeper, find, isElsewhere: () => false }
  const one = () =>
    opening(find, tokens, callSources(sourced, { agent: 'a', repeatable: true }, deps))
  const mint = (open: ReturnType<typeof one>) =>
    open.minted({
      identity: () => [open.open(CLIENT).equals('sentinel-new') ? 'new' : 'old'],
      mint: () => Promise.reject(new Error('not here')),
    })
  return { asked, live, one, mint }
}

describe('a token that is minted with a secret that was rotated', () => {
  it('is minted with the other one, and from then on with that', async () => {
    const { asked, live, one, mint } = minting(['old'])
    const open = one()
    expect((await mint(open)).equals('sentinel-token-of-old')).toBe(true)
    expect(live()).toEqual({ side: 'previous', since: NOW })
    expect(open.opened.length).toBeGreaterThanOrEqual(3)
    await mint(one())
    expect(asked).toEqual(['new', 'old', 'old'])
  })

  it('is not there when none of the two is accepted, and nothing is switched', async () => {
    const { asked, live, one, mint } = minting([])
    await expect(mint(one())).rejects.toThrow('client rejected')
    expect([asked, live()]).toEqual([['new', 'old'], { side: 'current', since: null }])
  })

  it('that the upstream rejects is no rejection of the secret', async () => {
    const { live, one, mint } = minting(['new'])
    const open = one()
    await mint(open)
    expect(await open.reject('401')).toBe(false)
    expect(live().side).toBe('current')
  })
})
