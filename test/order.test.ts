import { describe, expect, it } from 'vitest'

import type { Pause } from '../src/pauses/pause.ts'
import type { Entered } from '../src/tenants/stubs.ts'
import { NOW } from './recording.ts'
import { ALLOWED, granting, play } from './scene.ts'
import type { Scene } from './scene.ts'

const BEGINNING = ['index', 'look'] as const
/** Who is refused by what is written on the grant or in the files has got no further than this. */
const KNOWN = [...BEGINNING, 'record'] as const
const write = { method: 'POST' } as const
const PENDING = { is: 'pending', id: 'ap_1', expires: NOW + 1, fresh: true } as const
const over = (because: 'quota' | 'limit') => ({
  take: async () => ({ admitted: false, because, retry_ms: 5, levels: [] }) as const,
})
const out = (because: Extract<Entered, { is: 'out' }>['because']): Scene => ({
  ...write,
  enter: [{ is: 'out', because }],
})
const paused = (scope: Pause['scope']): Scene => ({
  pauses: [{ scope, since: NOW, by: 'admin', note: '' }],
})
/** Of the grant's limiter and of the provider's. */
const REFUND = ['refund', 'refund'] as const
const ADMIT = ['grant limiter', 'limiter', 'gate'] as const
const AT_THE_DOOR = [...BEGINNING, ...ADMIT, ...REFUND, 'record'] as const
const ASKING = [...BEGINNING, 'body', 'grant limiter', 'limiter', 'gate'] as const

describe('a call that is refused has run these stages and no other', () => {
  it.each<[string, string, Scene, readonly string[]]>([
    ['unknown token', 'PROXY_AUTH_REQUIRED', { index: null }, ['index', 'record']],
    ['a token of nothing', 'PROXY_AUTH_REQUIRED', { grant: null }, KNOWN],
    ['replaced', 'PROXY_GRANT_DENIED', { grant: { tokens: [] } }, KNOWN],
    ['expired', 'PROXY_GRANT_DENIED', { grant: { expires: NOW } }, KNOWN],
    ['revoked', 'PROXY_GRANT_DENIED', { grant: { revoked: NOW - 1 } }, KNOWN],
    ['not in cidrs', 'PROXY_HOST_DENIED', { grant: { cidrs: ['192.0.2.0/24'] } }, KNOWN],
    ['no host entry', 'PROXY_HOST_DENIED', { grant: { cidrs: [] }, host: { cidrs: [] } }, KNOWN],
    ['a host of another tenant', 'PROXY_WRONG_CLIENT', { host: { tenant: 'globex' } }, KNOWN],
    ['another tenant', 'PROXY_WRONG_CLIENT', { headers: { 'x-outpost-tenant': 'globex' } }, KNOWN],
    ['another project', 'PROXY_WRONG_CLIENT', { headers: { 'x-outpost-project': 'w' } }, KNOWN],
    ['a foreign alias', 'PROXY_UNKNOWN_PROVIDER', { provider: { tenant: 'globex' } }, KNOWN],
    ['not in the grant', 'PROXY_GRANT_DENIED', { grant: granting('other') }, KNOWN],
    [
      'not in the grant, and a path that the provider denies',
      'PROXY_GRANT_DENIED',
      { grant: granting('other'), path: '/denied/x' },
      KNOWN,
    ],
    ['not in the host entry', 'PROXY_PROVIDER_DENIED', { host: { providers: [] } }, KNOWN],
    ['all paused', 'PROXY_PAUSED', paused({ all: true }), KNOWN],
    ['its provider paused', 'PROXY_PAUSED', paused({ provider: 'api' }), KNOWN],
    ['its agent paused', 'PROXY_PAUSED', paused({ agent: 'ci' }), KNOWN],
    ['its tenant paused', 'PROXY_PAUSED', paused({ tenant: 'acme' }), KNOWN],
    ['provider deny', 'PROXY_PATH_DENIED', { path: '/denied/x' }, KNOWN],
    [
      'no route',
      'PROXY_NO_ROUTE',
      { provider: { forwarding: { mode: 'allowlist', allow: [ALLOWED] } } },
      KNOWN,
    ],
    [
      'the host may not write',
      'PROXY_SENSITIVE_DENIED',
      { ...write, host: { can_call_sensitive: false } },
      KNOWN,
    ],
    [
      'the grant may not write',
      'PROXY_GRANT_DENIED',
      { ...write, grant: granting('api', { access: 'read' }) },
      KNOWN,
    ],
    ['grant deny', 'PROXY_GRANT_DENIED', { grant: granting('api', { deny: ['/a'] }) }, KNOWN],
    ['grant allow', 'PROXY_GRANT_DENIED', { grant: granting('api', { allow: [] }) }, KNOWN],
    [
      'a declared length',
      'PROXY_BODY_TOO_LARGE',
      { ...write, headers: { 'content-length': '5' } },
      KNOWN,
    ],
    [
      'a body too large to be approved',
      'PROXY_BODY_TOO_LARGE',
      { ...write, grant: { approval: 'all' }, path: '/big' },
      [...BEGINNING, 'body', 'record'],
    ],
    ['the quota', 'PROXY_GRANT_DENIED', { grantLimiter: over('quota') }, KNOWN],
    ['the limit of the grant', 'PROXY_RATE_LIMITED', { grantLimiter: over('limit') }, KNOWN],
    [
      'the limit of the provider: the grant is given it back',
      'PROXY_RATE_LIMITED',
      { limiter: over('limit') },
      [...BEGINNING, 'grant limiter', 'refund', 'record'],
    ],
    ['revoked since', 'PROXY_GRANT_DENIED', out('revoked'), AT_THE_DOOR],
    ['expired since', 'PROXY_GRANT_DENIED', out('expired'), AT_THE_DOOR],
    ['replaced since', 'PROXY_GRANT_DENIED', out('replaced'), AT_THE_DOOR],
    ['unknown to the object', 'PROXY_GRANT_DENIED', out('unknown'), AT_THE_DOOR],
    ['paused since', 'PROXY_PAUSED', out('paused'), AT_THE_DOOR],
    [
      'a door that cannot be asked',
      'PROXY_UPSTREAM_ERROR',
      { ...write, enter: [new Error('down')] },
      AT_THE_DOOR,
    ],
    [
      'an approval that waits: people are told',
      'PROXY_APPROVAL_REQUIRED',
      { ...write, grant: { approval: 'sensitive' }, enter: [PENDING] },
      [...ASKING, ...REFUND, 'tell', 'record'],
    ],
    [
      'an approval that waited before: they are not told again',
      'PROXY_APPROVAL_REQUIRED',
      { ...write, grant: { approval: 'all' }, enter: [{ ...PENDING, fresh: false }] },
      [...ASKING, ...REFUND, 'record'],
    ],
    [
      'an approval that is denied',
      'PROXY_GRANT_DENIED',
      { ...write, grant: { approval: 'all' }, enter: [{ is: 'out', because: 'denied' }] },
      [...ASKING, ...REFUND, 'record'],
    ],
    [
      'a crowd of approvals',
      'PROXY_RATE_LIMITED',
      { ...write, grant: { approval: 'all' }, enter: [{ is: 'crowded' }] },
      [...ASKING, ...REFUND, 'record'],
    ],
    [
      'an approval that nobody gave while the call was held',
      'PROXY_APPROVAL_REQUIRED',
      {
        ...write,
        grant: { approval: 'all', approval_hold_seconds: 1 },
        enter: [PENDING],
        decision: 'pending',
      },
      [...ASKING, ...REFUND, 'tell', 'wait', 'record'],
    ],
    [
      'an approval that was denied while the call was held',
      'PROXY_GRANT_DENIED',
      {
        ...write,
        grant: { approval: 'all', approval_hold_seconds: 1 },
        enter: [PENDING, { is: 'out', because: 'denied' }],
        decision: 'denied',
      },
      [...ASKING, ...REFUND, 'tell', 'wait', ...ADMIT, ...REFUND, 'record'],
    ],
    [
      'an approval that another copy has used: people are told of the next one',
      'PROXY_APPROVAL_REQUIRED',
      {
        ...write,
        grant: { approval: 'all', approval_hold_seconds: 1 },
        enter: [PENDING, PENDING],
        decision: 'approved',
      },
      [...ASKING, ...REFUND, 'tell', 'wait', ...ADMIT, ...REFUND, 'tell', 'record'],
    ],
    [
      'a key, when an approval waits: it is free again',
      'PROXY_APPROVAL_REQUIRED',
      {
        ...write,
        headers: { 'idempotency-key': 'k' },
        grant: { approval: 'all' },
        enter: [PENDING],
      },
      [...BEGINNING, 'claim', 'body', ...ADMIT, ...REFUND, 'tell', 'release', 'record'],
    ],
  ])('%s: %s', async (_title, code, scene, stages) => {
    const { response, trail, sent, events } = await play(scene)
    expect(response.headers.get('x-proxy-error')).toBe(code)
    expect(trail).toEqual(stages)
    expect(sent).toEqual([])
    expect(events).toMatchObject([{ code, secret_read: false }])
  })
})
