import { env } from 'cloudflare:workers'
import { expect } from 'vitest'

import { Refusal } from '../../src/refusal.ts'
import type { VendorsBinding } from '../tokens/vendors/keys.ts'

/** Google, GitHub and logins of no standard: their origin, and the keys that they know. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- vitest.config.ts binds it
export const VENDORS = JSON.parse(env.VENDORS) as VendorsBinding

/** Names are the test's own: vaults outlive a test. */
let made = 0
export const fresh = (): string => `minting-${++made}`

/** What the vendors' API says of a credential; null when it rejects it. */
export async function takenBy<T>(path: string, headers: HeadersInit): Promise<T | null> {
  const response = await fetch(VENDORS.url + path, { headers })
  return response.ok ? response.json<T>() : null
}

/** How often a path of the vendors was asked. */
export async function vendorAsked(path: string): Promise<number> {
  const response = await fetch(`${VENDORS.url}/asked?path=${encodeURIComponent(path)}`)
  return response.json()
}

/** Why there was no token, as the operator reads it. The agent reads always the same. */
export async function reasonOf(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((each: unknown) => each)
  if (!(error instanceof Refusal)) throw new Error(`no refusal: ${String(error)}`)
  expect(error.code).toBe('PROXY_AUTH_ERROR')
  expect(error.message).toBe('the provider cannot be authenticated')
  return error.details.reason ?? ''
}
