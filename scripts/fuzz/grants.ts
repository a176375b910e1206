import type { Names } from './names.ts'

type Operate = (asking: { readonly line: string; readonly body?: unknown }) => Promise<string>

/** Providers of the tenant `default` that a grant may be for. */
const ALL = ['plain', 'bearer', 'keyheader', 'keyquery', 'basic', 'cached', 'granted', 'counted']

const writes = ALL.map((provider) => ({ provider, access: 'write' }))
const reads = ALL.map((provider) => ({ provider, access: 'read' }))

/** The grants that cases name, and what each is. */
const GRANTS: Readonly<Record<string, object>> = {
  write: { providers: writes, expires_in: 86_400 },
  read: { providers: reads, expires_in: 86_400 },
  narrow: {
    providers: [
      {
        provider: 'plain',
        access: 'write',
        allow: [{ method: 'GET', pattern: '/a/**' }],
        deny: ['/a/secret/**'],
      },
    ],
    expires_in: 86_400,
  },
  asking: { providers: writes, expires_in: 86_400, approval: 'all' },
  holding: {
    providers: writes,
    expires_in: 86_400,
    approval: 'sensitive',
    approval_hold_seconds: 1,
  },
  limited: {
    providers: writes,
    expires_in: 86_400,
    rate_limits: [{ capacity: 50, window_ms: 1000 }],
  },
  few: { providers: writes, expires_in: 86_400, max_calls: 200 },
  elsewhere: { providers: writes, expires_in: 86_400, cidrs: ['192.0.2.0/24'] },
  project: { providers: writes, expires_in: 86_400, project: 'site' },
  acme: { tenant: 'acme', providers: [{ provider: 'acme', access: 'write' }], expires_in: 86_400 },
  revoked: { providers: writes, expires_in: 86_400 },
  ended: { providers: writes, expires_in: 1 },
}

export const GRANT_NAMES: readonly string[] = Object.keys(GRANTS)

/** Makes them, and returns their tokens. @throws when the control plane does not. */
export async function makeGrants(operate: Operate, names: Names): Promise<readonly string[]> {
  const made = await Promise.all(
    Object.entries(GRANTS).map(async ([name, body]) => {
      const said = await operate({ line: 'POST /_outpost/grants', body: { agent: name, ...body } })
      const { grant, token } = JSON.parse(said) as { grant?: { id: string }; token?: string }
      if (!grant || token === undefined) throw new Error(`no grant ${name}: ${said}`)
      names.set(`grant:${name}`, token)
      names.set(`gid:${name}`, grant.id)
      if (name === 'revoked') await operate({ line: `DELETE /_outpost/grants/${grant.id}` })
      return token
    }),
  )
  names.set('some:grant', 'gr_none')
  names.set('some:approval', 'ap_none')
  return made
}
