import { providerName } from './fixture.ts'
import type { Fixture } from './fixture.ts'

/**
 * Makes a grant for everything of the first provider, by the operator's API, and returns its token.
 * @throws when the server refuses.
 */
export async function grantFor(
  url: string,
  { env }: Fixture,
  limits: { readonly max_calls?: number } = {},
): Promise<string> {
  const response = await fetch(`${url}/_outpost/grants`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${env['OUTPOST_ADMIN_TOKEN'] ?? ''}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      agent: 'bench',
      providers: [{ provider: providerName(0), access: 'write' }],
      expires_in: 86_400,
      ...limits,
    }),
  })
  const said = (await response.json()) as { readonly token?: string }
  if (said.token === undefined) throw new Error(`no grant: ${response.status}`)
  return said.token
}
