import { Secret } from '../secret.ts'

/** JWTs of this isolate, by the key that signs them and then by what they say. */
const kept = new WeakMap<Secret, Map<string, Kept>>()

interface Kept {
  readonly jwt: Promise<Secret>
  /** Unix ms. */
  readonly until: number
}

/** Of one key. More are said to be with claims that change with every call. */
const MOST_KEPT = 16

export interface Making {
  /** The same for what would be the same JWT but for its times. */
  readonly name: string
  readonly now: number
  /** How long what is made is good, ms. */
  readonly lasts: number
  readonly make: () => Promise<string>
}

/**
 * The JWT that is held, or a new one when it is near its end: 60 s before it, or a tenth of its time,
 * whichever is less. Signing takes no hop and costs nobody anything, so it is not worth keeping
 * anywhere but here.
 */
export function keptJwt(key: Secret, { name, now, lasts, make }: Making): Promise<Secret> {
  const ofKey = kept.get(key) ?? new Map<string, Kept>()
  kept.set(key, ofKey)
  const known = ofKey.get(name)
  if (known && known.until > now) return known.jwt
  if (ofKey.size >= MOST_KEPT) ofKey.clear()
  const jwt = make().then((text) => new Secret(text))
  ofKey.set(name, { jwt, until: now + lasts - Math.min(60_000, lasts / 10) })
  jwt.catch(() => {
    if (ofKey.get(name)?.jwt === jwt) ofKey.delete(name)
  })
  return jwt
}
