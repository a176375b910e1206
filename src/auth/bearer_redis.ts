import { reveal } from '../secret.ts'
import type { BearerRedisAuth } from './config.ts'
import { opened, placeHeaders } from './credential.ts'
import type { Credentials, Scheme } from './scheme.ts'

/** A token that an operator, or a job of theirs, writes into the namespace `TOKENS`. */
export const bearerRedis: Scheme<BearerRedisAuth> = {
  secrets: ({ seed }) => (seed ? [seed] : []),
  slots: ({ header }) => ({ headers: [header.toLowerCase()], params: [] }),
  sign: async (draft, auth, credentials) => {
    placeHeaders(draft.headers, [[auth.header, auth.prefix + (await tokenOf(auth, credentials))]])
  },
}

async function tokenOf({ key, seed }: BearerRedisAuth, credentials: Credentials): Promise<string> {
  const stored = await credentials.stored(key)
  if (stored) return reveal(stored)
  if (seed) return opened(seed, credentials)
  throw new Error('nothing is stored at the key, and there is no seed')
}
