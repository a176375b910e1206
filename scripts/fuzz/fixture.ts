import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { formsOf, LITERAL, OPERATORS, SECRETS } from '../../test/fixtures/secrets.ts'
import { runFolder } from '../bench/fixture.ts'
import { copyCheckout } from '../checks/project.ts'
import { HOSTS, providerFiles, TRUSTED } from './providers.ts'

/** Beside those of the tests' fixtures: a seed for one-time passwords in base32, and a master key. */
const MORE = {
  TOTP_SEED: 'SENTINELTOTPSEEDSENTINELTOTPSEED',
  OUTPOST_MASTER_KEY: 'sentinel-master-key-of-more-than-32-characters',
}

/** What the installation is started with. */
export const ENV: Readonly<Record<string, string>> = {
  ...SECRETS,
  ...OPERATORS,
  ...MORE,
  OUTPOST_DOMAIN: 'fuzz.test',
  TRUSTED_PROXIES: TRUSTED,
  RATE_LIMIT_QUEUE_TIMEOUT: '0.3',
}

/** Where the host names of the installation lie. */
export const DOMAIN = 'fuzz.test'

/** How every token that the upstream mints begins. */
export const MINTED = 'sentinel-minted-'

/** The checkout's own code with the providers of this check, in a folder that git ignores. */
export function makeProject(origin: string): string {
  const root = runFolder('fuzz')
  copyCheckout(root)
  mkdirSync(join(root, 'providers'))
  for (const [name, text] of providerFiles(origin)) {
    writeFileSync(join(root, `providers/${name}.yaml`), text)
  }
  writeFileSync(join(root, 'hosts.yaml'), HOSTS)
  return root
}

/** As Latin-1 of their bytes, every form of every secret that may be in nothing that anybody but the upstream sees. */
export function secretForms(more: readonly string[]): readonly string[] {
  const values = [...Object.values(SECRETS), ...Object.values(OPERATORS), ...Object.values(MORE)]
  const parts = values.flatMap((each) => each.split(/[\n:]/))
  const all = [...values, ...parts, LITERAL, MINTED, ...more]
  const long = all.filter((each) => each.length >= 8 && !each.startsWith('x-injected'))
  // As bytes: that is how answers are searched.
  return formsOf(long).map((each) => Buffer.from(each).toString('latin1'))
}
