import { describe, expect, it } from 'vitest'

import type { Provider } from '../../src/catalog.ts'
import { newsName } from '../../src/tokens/mint.ts'
import { tokenProblems } from '../../src/tokens/status.ts'
import { fingerprint } from '../../src/tokens/tokens.ts'
import { isolate } from './world.ts'

const AT = Date.UTC(2026, 10, 22, 10)

function provider(name: string, auth: object, mints: boolean): Provider {
  return { name, auth, credential: { mints } } as unknown as Provider
}

const minting = provider('status-minting', { type: 'oauth2_client_credentials' }, true)
const fixed = provider('status-static', { type: 'bearer_static' }, false)
const stored = provider('status-stored', { type: 'bearer_redis', key: 'k' }, false)

describe('tokenProblems', () => {
  it('says nothing when nothing is wrong', async () => {
    const { deps } = isolate()
    await deps.vaultOf(newsName(minting.name)).tell({ is: 'minted', at: AT, until: AT })
    expect(await tokenProblems([minting, fixed, stored], deps)).toEqual([])
  })

  it('says that the master key is missing, to those who need it', async () => {
    const { deps } = isolate({ seals: () => null })
    expect(await tokenProblems([minting, fixed, stored], deps)).toEqual([
      'status-minting: OUTPOST_MASTER_KEY is not set, or shorter than 32 characters: its calls get 502 PROXY_AUTH_ERROR',
    ])
  })

  it.each([
    [
      'failing',
      'status-minting: no token could be minted at 2026-11-22T10:00:00.000Z: token endpoint: HTTP 503',
    ],
    [
      'paused',
      'status-minting: paused at 2026-11-22T10:00:00.000Z: token endpoint: HTTP 503; new secrets end the pause',
    ],
  ] as const)('says that it is %s', async (is, sentence) => {
    const { deps } = isolate()
    const reason = 'token endpoint: HTTP 503'
    await deps.vaultOf(newsName(minting.name)).tell({ is, at: AT, reason })
    expect(await tokenProblems([minting], deps)).toEqual([sentence])
  })

  it('says that the stored token is suspect, until there is another one', async () => {
    let text = 'rejected'
    const { deps } = isolate({ read: () => Promise.resolve(text) })
    const token = await fingerprint('rejected')
    const news = { is: 'suspect', at: AT, reason: '401', token } as const
    await deps.vaultOf(newsName(stored.name)).tell(news)
    expect(await tokenProblems([stored], deps)).toEqual([
      'status-stored: the stored token was rejected at 2026-11-22T10:00:00.000Z (401)',
    ])
    text = 'another'
    expect(await tokenProblems([stored], deps)).toEqual([])
  })
})
