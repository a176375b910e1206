import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import type { PluginAuth } from '../../src/auth/config.ts'
import { GrowwApprovalMintAuth } from '../../src/plugins/groww_approval_mint.ts'
import { readMint } from '../../src/plugins/groww_token.ts'
import { GrowwTotpMintAuth } from '../../src/plugins/groww_totp_mint.ts'
import { totp } from '../../src/plugins/totp.ts'
import { isolate, signFor } from './world.ts'

/** The seed of RFC 6238 appendix B, the ASCII digits 12345678901234567890, in base32. */
const RFC_SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('totp', () => {
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('RFC 6238 appendix B, SHA-1, at %i s: %s', async (seconds, code) => {
    expect(await totp(RFC_SEED, seconds * 1000, 8)).toBe(code)
    expect(await totp(RFC_SEED, seconds * 1000)).toBe(code.slice(2))
  })

  it.each(['gezd gnbv gy3t qojq gezd gnbv gy3t qojq', `${RFC_SEED}====`, `${RFC_SEED}\n`])(
    'reads a seed as it is shown: %j',
    async (seed) => {
      expect(await totp(seed, 59_000)).toBe('287082')
    },
  )

  it.each(['', 'sentinel-seed-0189'])('refuses %j without repeating it', async (seed) => {
    const error = await totp(seed, 0).catch((each: unknown) => each)
    expect(String(error)).toMatch(/^Error: the TOTP seed is (?:empty|not base32)$/)
  })
})

const NOW = Date.UTC(2026, 10, 22, 10)
const HOUR = 3_600_000

describe('what Groww answers', () => {
  const until = (expiry: unknown): number => {
    const mint = readMint({ status: 200, json: { token: 't', expiry } }, NOW)
    if ('failed' in mint) throw new Error(mint.failed)
    return (mint.until - NOW) / 1000
  }

  it.each([
    ['2026-11-22T12:00:00Z', 2 * 3600 - 120],
    ['2026-11-22T12:00:00.500Z', 2 * 3600 - 119.5],
    ['2026-11-23T06:00:00+05:30', 14.5 * 3600 - 120],
    // Without a zone it is India's time.
    ['2026-11-23T06:00:00', 14.5 * 3600 - 120],
    ['2026-11-23 06:00:00', 14.5 * 3600 - 120],
    [NOW / 1000 + 3600, 3600 - 120],
    [NOW + HOUR, 3600 - 120],
    [String(NOW + HOUR), 3600 - 120],
    [undefined, 18 * 3600],
    [null, 18 * 3600],
    ['soon', 18 * 3600],
    ['2026-11-22T10:01:00Z', 60],
    ['2020-01-01T00:00:00Z', 60],
  ])('expiry %j: used for %d s', (expiry, seconds) => {
    expect(until(expiry)).toBe(seconds)
  })

  it.each([
    ['the documented form', { token: 't' }],
    ['the usual envelope', { status: 'SUCCESS', payload: { token: 't' } }],
  ])('%s', (_, json) => {
    expect(readMint({ status: 200, json }, NOW)).toMatchObject({ token: 't', refresh: null })
  })

  it.each([
    [401, { error: { message: 'sentinel' } }, 'credentials rejected (HTTP 401)'],
    [429, undefined, 'HTTP 429'],
    [200, undefined, 'malformed answer'],
    [200, { status: 'FAILURE', payload: null }, 'malformed answer'],
    [200, { token: 'two words' }, 'malformed answer'],
    [200, { token: 7 }, 'malformed answer'],
  ])('%i %j is a failure', (status, json, failed) => {
    expect(readMint({ status, json }, NOW)).toEqual({ failed, final: false })
  })
})

describe('a call', () => {
  const auth: PluginAuth = { type: 'plugin', module: 'x', config: {}, invalidate_on: [] }
  const secrets = {
    GROWW_API_KEY: 'sentinel-groww-key',
    GROWW_API_SECRET: 'sentinel-groww-secret',
    GROWW_TOTP_SEED: RFC_SEED,
  }

  it.each([
    ['totp', new GrowwTotpMintAuth({}), { key_type: 'totp', totp: '287082' }],
    [
      'approval',
      new GrowwApprovalMintAuth({ mint_path: '/v1/token/api/access' }),
      {
        key_type: 'approval',
        timestamp: '59',
        // printf '%s' sentinel-groww-secret59 | sha256sum
        checksum: '0a3c8c2e94542617a14847c3bd6fd78fa50030274dcbcf9b6d8edd4519267ce2',
      },
    ],
  ])('by %s: what goes to the endpoint, and what to the upstream', async (name, plugin, body) => {
    let sent: unknown
    const where = isolate({
      now: () => 59_000,
      send: async (request, signal) => {
        const response = await fetch(request, { signal })
        sent = await response.clone().json()
        return response
      },
    })
    const base_url = `${env.OAUTH}/groww`
    const signing = { name: `groww-${name}`, auth, secrets, plugin, base_url }
    const { authorization } = await signFor(where, signing)
    expect(authorization).toBe('Bearer minted-by--groww-v--token-api-access')
    expect(sent).toMatchObject({
      seen: { body, authorization: 'Bearer sentinel-groww-key' },
    })
  })

  it('opens what its config names, and the default names else', () => {
    const plugin = new GrowwTotpMintAuth({ api_key_env: 'OTHER', invalidate_on: ['401', '403'] })
    expect(plugin.secrets).toEqual([{ env: 'OTHER' }, { env: 'GROWW_TOTP_SEED' }])
    expect(plugin.invalidateOn).toEqual([401, 403])
    expect(new GrowwApprovalMintAuth({}).invalidateOn).toEqual([401])
  })

  it.each([
    [{ api_secrets: 'x' }, /unknown key api_secrets/],
    [{ api_secret: 'x' }, /api_secret: expected a map/],
    [{ mint_path: 'https://elsewhere' }, /mint_path/],
    [{ mint_path: '/a?b' }, /mint_path/],
    [{ invalidate_on: ['often'] }, /invalidate_on/],
  ])('config %j is refused', (config, message) => {
    expect(() => new GrowwApprovalMintAuth(config)).toThrow(message)
  })
})
