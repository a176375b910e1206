import { OAuth2Client } from 'google-auth-library'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { google, TARGET } from '../tokens/vendors/google.ts'
import { register } from '../tokens/vendors/keys.ts'
import { serveVendors } from '../tokens/vendors/server.ts'
import type { VendorServer } from '../tokens/vendors/server.ts'
import { clientsOutpost } from './outpost.ts'

const registered = register()
const at = clientsOutpost({ GOOGLE_KEY_FILE: registered.keys.google })
const vendor = google(registered)

/** What reached the vendor's server as a credential. */
const seen: string[] = []
let server: VendorServer | undefined

beforeAll(async () => {
  const watching = (asked: Parameters<typeof vendor>[0]) => {
    seen.push(asked.headers.authorization ?? '')
    return vendor(asked)
  }
  server = await serveVendors([watching], at.port('google'))
})

afterAll(async () => {
  await server?.close()
  const { private_key } = JSON.parse(registered.keys.google) as { private_key: string }
  const lines = private_key.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line))
  expect(lines.length).toBeGreaterThan(20)
  expect(lines.filter((line) => at.printed().includes(line))).toEqual([])
  expect(at.printed()).not.toContain('sentinel-google')
})

/** Google's client with a grant as its access token, and Outpost in place of the API. */
async function clientFor(provider: string): Promise<OAuth2Client> {
  const client = new OAuth2Client()
  client.setCredentials({ access_token: await at.grant(provider) })
  return client
}

it('the client calls an API with a token that is minted for the account', async () => {
  const client = await clientFor('google')
  const { data } = await client.request({ url: `${at.url}/p/google/v1/topics` })
  expect(data).toEqual({
    account: registered.google.email,
    scopes: ['https://www.googleapis.com/auth/pubsub'],
    subject: null,
  })
  const again = await client.request({ url: `${at.url}/p/google/v1/topics`, method: 'POST' })
  expect(again.data).toEqual(data)
  const real = seen.filter((each) => each !== '')
  expect(new Set(real).size).toBe(1)
  expect(real[0]).toMatch(/^Bearer ya29\.c\.sentinel-google-/)
})

it('the same as another account', async () => {
  const client = await clientFor('google_as_target')
  const { data } = await client.request({ url: `${at.url}/p/google_as_target/api/v1/topics` })
  expect(data).toMatchObject({ account: TARGET })
})

it.each([
  '/iam/v1/projects/-/serviceAccounts/other@project-2.iam.gserviceaccount.com:generateAccessToken',
  '/token',
])('an agent cannot ask %s for a token of its own', async (path) => {
  const client = await clientFor('google_as_target')
  const call = client.request({
    url: `${at.url}/p/google_as_target${path}`,
    method: 'POST',
    retry: false,
  })
  await expect(call).rejects.toMatchObject({ status: 403 })
})

it('what the endpoint says is not told to the client', async () => {
  const client = await clientFor('google_broken')
  const call = client.request({ url: `${at.url}/p/google_broken/v1/topics`, retry: false })
  const error: unknown = await call.catch((each: unknown) => each)
  expect(error).toMatchObject({ status: 502 })
  const { data } = (error as { response: { data: unknown } }).response
  expect(data).toMatchObject({ error: { code: 'PROXY_AUTH_ERROR' } })
  expect(JSON.stringify(data)).not.toMatch(/nowhere|404|token|Not Found/i)
})
