import type { Provider } from '../catalog.ts'
import { newsName } from './mint.ts'
import { problemIn } from './news.ts'
import type { News } from './news.ts'
import { fingerprint } from './tokens.ts'
import type { TokenDeps } from './tokens.ts'

/**
 * One sentence for each provider whose calls fail for want of a token, for the operator. No secret
 * is opened, nothing is minted.
 */
export async function tokenProblems(
  providers: readonly Provider[],
  deps: TokenDeps,
): Promise<readonly string[]> {
  const keyless = deps.seals() === null
  const problems = await Promise.all(
    providers.map(async (provider) => {
      if (provider.credential.mints && keyless) return WITHOUT_KEY
      if (provider.credential.mints) return problemIn(await newsOf(provider, deps))
      return provider.auth.type === 'bearer_redis' ? suspicion(provider, deps) : null
    }),
  )
  return providers.flatMap(({ name }, at) => {
    const problem = problems[at] ?? null
    return problem === null ? [] : [`${name}: ${problem}`]
  })
}

const WITHOUT_KEY =
  'OUTPOST_MASTER_KEY is not set, or shorter than 32 characters: its calls get 502 PROXY_AUTH_ERROR'

/** What is stored now, if it is what was rejected. */
async function suspicion(provider: Provider, deps: TokenDeps): Promise<string | null> {
  const { auth } = provider
  const news = await newsOf(provider, deps)
  if (auth.type !== 'bearer_redis' || news?.is !== 'suspect' || !deps.read) return null
  const text = await deps.read(auth.key).catch(() => null)
  return text !== null && (await fingerprint(text.trim())) === news.token ? problemIn(news) : null
}

function newsOf({ name }: Provider, deps: TokenDeps): Promise<News | null> {
  return deps
    .vaultOf(newsName(name))
    .told()
    .catch(() => null)
}
