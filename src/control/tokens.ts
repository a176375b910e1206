import type { Provider } from '../catalog.ts'
import { Refusal } from '../refusal.ts'
import type { ControlDeps } from './deps.ts'
import type { Asked, Handler } from './handler.ts'

/**
 * The record comes first: a token that cannot be accounted for is not stored. There is no endpoint
 * that reads one.
 */
export const putToken: Handler<'putToken'> = async (asked) => {
  const { params, body, deps } = asked
  await account('token.stored', asked)
  await deps.tokensPut(params.key, body.value)
  return new Response(null, { status: 204 })
}

export const deleteToken: Handler<'deleteToken'> = async (asked) => {
  const { params, deps } = asked
  await account('token.deleted', asked)
  await deps.tokensDelete(params.key)
  return new Response(null, { status: 204 })
}

/** In the chain of the tenant of each provider that sends the token. @throws Refusal 404 for no provider. */
async function account(
  action: string,
  { params, deps, now, by }: Pick<Asked<'deleteToken'>, 'params' | 'deps' | 'now' | 'by'>,
): Promise<void> {
  const users = usersOf(params.key, deps)
  if (users.length === 0) throw new Refusal('PROXY_NOT_FOUND', 'no provider has that redis_key')
  const control = { at: new Date(now).toISOString(), action, by, target: params.key }
  await Promise.all(
    users.map(({ name, tenant }) =>
      deps.tenantOf(tenant ?? 'default').note({ ...control, details: { provider: name } }),
    ),
  )
}

function usersOf(key: string, { catalog }: ControlDeps): readonly Provider[] {
  return [...catalog.providers.values()].filter(
    ({ auth }) => auth.type === 'bearer_redis' && auth.key === key,
  )
}
