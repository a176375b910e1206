import { describe, expect, it } from 'vitest'

import { NOW } from './recording.ts'
import { play } from './scene.ts'
import type { Scene } from './scene.ts'

const BEGINNING = ['index', 'look'] as const
const ASKING = [...BEGINNING, 'body', 'grant limiter', 'limiter', 'gate'] as const
const write = { method: 'POST' } as const
const PENDING = { is: 'pending', id: 'ap_1', expires: NOW + 1, fresh: true } as const
const SENDING = ['signer', 'reading', 'secret', 'send', 'record'] as const

describe('a call that is allowed runs all of these', () => {
  it.each<[string, Scene, readonly string[]]>([
    ['a read', {}, [...BEGINNING, 'grant limiter', 'limiter', ...SENDING]],
    [
      'a read under no limits',
      {
        grant: { max_calls: null, rate_limits: [] },
        provider: { forwarding: { rate_limits: {} } },
      },
      [...BEGINNING, ...SENDING],
    ],
    [
      'a write: the body flows when the secret is in its place',
      write,
      [
        ...BEGINNING,
        'grant limiter',
        'limiter',
        'gate',
        'signer',
        'reading',
        'secret',
        'body',
        'send',
        'record',
      ],
    ],
    [
      'a write with a key',
      { ...write, headers: { 'idempotency-key': 'k' } },
      [
        ...BEGINNING,
        'claim',
        'grant limiter',
        'limiter',
        'gate',
        'signer',
        'reading',
        'secret',
        'body',
        'send',
        'record',
      ],
    ],
    [
      'a write that is approved: its body is read before anybody is asked',
      { ...write, grant: { approval: 'sensitive' } },
      [...ASKING, ...SENDING],
    ],
    [
      'a read that is approved',
      { grant: { approval: 'all' } },
      [...BEGINNING, 'grant limiter', 'limiter', 'gate', ...SENDING],
    ],
    [
      'a write that was held until somebody said yes',
      {
        ...write,
        grant: { approval: 'all', approval_hold_seconds: 1 },
        enter: [PENDING],
        decision: 'approved',
      },
      [
        ...ASKING,
        'refund',
        'refund',
        'tell',
        'wait',
        'grant limiter',
        'limiter',
        'gate',
        ...SENDING,
      ],
    ],
    [
      'a write by a host entry alone',
      { ...write, headers: { 'x-outpost-auth': '' } },
      ['look', 'limiter', 'gate', 'signer', 'reading', 'secret', 'body', 'send', 'record'],
    ],
  ])('%s', async (_title, scene, stages) => {
    const { response, trail, sent, events } = await play(scene)
    expect(response.status).toBe(200)
    expect(trail).toEqual(stages)
    expect(sent).toHaveLength(1)
    expect(sent[0]?.headers.has('x-outpost-auth')).toBe(false)
    expect(events).toMatchObject([{ decision: 'allow', secret_read: true, code: null }])
  })
})
