import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Makes the limiter of a category as if nobody had called yet. */
export async function refill(provider: string, category = 'default'): Promise<void> {
  const limiter = env.LIMITS.getByName(`${provider} ${category}`)
  await runInDurableObject(limiter, (_object, { storage }) => storage.kv.delete('ledger'))
  await evictDurableObject(limiter)
}
