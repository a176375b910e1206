import { describe, expect, it } from 'vitest'

import { ask, VIEWER, well } from './asking.ts'
import { fresh, granted, waiting } from './builders.ts'

const UNKNOWN = 'ap_AAAAAAAAAAAAAAAAAAAAAAAAAA'

describe('an approval', () => {
  it('shows what is asked, and no value of it', async () => {
    const { grant } = await granted({ approval: 'all', note: 'triage' })
    const id = await waiting(grant, { project: 'web' })
    const found = await ask('approval', { params: { id }, headers: VIEWER })
    expect(found.json).toEqual({
      approval: {
        id,
        state: 'pending',
        tenant: grant.tenant,
        project: 'web',
        agent: 'agent@ci',
        grant: grant.id,
        grant_note: 'triage',
        provider: 'plain',
        host: 'api.test',
        method: 'POST',
        path: '/things',
        pattern: '/things',
        query_keys: ['secret'],
        operation: null,
        summary: 'object with 2 keys',
        created_at: expect.any(String),
        expires_at: expect.any(String),
        scope: null,
        decided_at: null,
        decided_by: null,
        used_at: null,
      },
    })
    expect(found.text).not.toMatch(/sentinel|"key"|[0-9a-f]{64}/)
  })

  it.each([
    [undefined, 'once'],
    [{}, 'once'],
    [{ scope: '10m' }, '10m'],
    [{ scope: '1h' }, '1h'],
  ])('is approved with %j: %s', async (body, scope) => {
    const { grant } = await granted()
    const id = await waiting(grant)
    const { approval } = await well('approve', { params: { id }, body })
    expect(approval).toMatchObject({
      state: 'approved',
      scope,
      decided_at: expect.any(String),
      decided_by: 'admin',
    })
  })

  it('is denied', async () => {
    const { grant } = await granted()
    const id = await waiting(grant)
    const { approval } = await well('deny', { params: { id } })
    expect(approval).toMatchObject({ state: 'denied', decided_by: 'admin' })
  })

  it.each(['approve', 'deny'] as const)(
    '%s is once: 409 afterwards, and it stays',
    async (name) => {
      const { grant } = await granted()
      const params = { id: await waiting(grant) }
      const { approval } = await well('deny', { params })
      const { status, json } = await ask(name, { params })
      expect([status, json['error'].code]).toEqual([409, 'PROXY_CONFLICT'])
      expect(json['error'].metadata).toEqual({ state: 'denied' })
      expect(await well('approval', { params })).toEqual({ approval })
    },
  )

  it('is decided once when several decide at the same moment', async () => {
    const { grant } = await granted()
    const params = { id: await waiting(grant) }
    const answers = await Promise.all(
      ['deny', 'deny', 'deny', 'deny'].map(() => ask('deny', { params })),
    )
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual([
      '200',
      '409',
      '409',
      '409',
    ])
  })

  it.each(['approval', 'approve', 'deny'] as const)('%s of an unknown id: 404', async (name) => {
    for (const id of [UNKNOWN, 'ap_1', 'gr_AAAAAAAAAAAAAAAAAAAAAAAAAA', "' OR 1=1"]) {
      const { status, json } = await ask(name, { params: { id } })
      expect([id, status, json['error'].code]).toEqual([id, 404, 'PROXY_NOT_FOUND'])
    }
  })

  it('is not decided by a viewer', async () => {
    const { grant } = await granted()
    const params = { id: await waiting(grant) }
    const { status, json } = await ask('approve', { params, headers: VIEWER })
    expect([status, json['error'].code]).toEqual([403, 'PROXY_OPERATOR_DENIED'])
    expect((await well('approval', { params }))['approval'].state).toBe('pending')
  })
})

describe('the list of approvals', () => {
  it('is newest first, of one tenant or of all, by state', async () => {
    const agent = fresh('agent')
    const [one, other] = [await granted({ agent }), await granted({ agent })]
    const first = await waiting(one['grant'])
    const second = await waiting(other['grant'])
    await well('deny', { params: { id: first } })
    const mine = async (query: Record<string, string>) =>
      (await well('listApprovals', { query }))['approvals']
        .filter((each: { agent: string }) => each.agent === agent)
        .map(({ id }: { id: string }) => id)
    expect(await mine({})).toEqual([second, first])
    expect(await mine({ state: 'pending' })).toEqual([second])
    expect(await mine({ state: 'denied' })).toEqual([first])
    expect(await mine({ tenant: one['grant'].tenant })).toEqual([first])
    expect((await well('listApprovals', { query: { limit: 1 } }))['approvals']).toHaveLength(1)
  })
})
