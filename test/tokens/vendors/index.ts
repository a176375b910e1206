import { github } from './github.ts'
import { google } from './google.ts'
import { register } from './keys.ts'
import type { VendorsBinding } from './keys.ts'
import { login } from './login.ts'
import { makePems } from './pems.ts'
import { serveVendors } from './server.ts'

/** The vendors that tests in workerd ask, with new keys. */
export async function startVendors(): Promise<VendorsBinding> {
  const registered = register()
  const vendors = [google(registered), github(registered).vendor, login()]
  const { url } = await serveVendors(vendors)
  return { url, keys: registered.keys, ...makePems() }
}
