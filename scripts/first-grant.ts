import { join, relative, resolve } from 'node:path'

import type { HeldGrant } from '../src/identity.ts'
import { fromFile, keyLine, shellWord } from './first-key.ts'
import type { Kept } from './first-key.ts'

const ROOT = join(import.meta.dirname, '..')
const AGENT = 'me'

/** The grant that is proposed: to read from one provider, for an hour. */
export function firstGrant(provider: string, tenant: string): HeldGrant {
  return {
    id: 'gr_first',
    hash: '',
    tenant,
    project: null,
    agent: AGENT,
    providers: [{ provider, access: 'read', allow: null, deny: [] }],
    cidrs: [],
    created: 0,
    expires: Infinity,
    revoked: null,
    max_calls: null,
    rate_limits: [],
    approval: 'none',
    approval_hold_seconds: 0,
    note: '',
    tokens: [],
  }
}

/** Lines that make such a grant and put its token into a variable of the shell. */
export function grantLines({ providers, tenant }: HeldGrant, server: Kept): readonly string[] {
  const named = providers.map(({ provider }) => ` --provider ${provider}`).join('')
  const create = `grant create --agent ${AGENT}${named}${ofTenant(tenant)} --approval none --expires 1h`
  const token = String.raw`sed -n 's/.*"token": "\(.*\)".*/\1/p'`
  return [
    ...adminLine(server),
    `export OUTPOST_TOKEN="$(${command()} ${create} --json | ${token})"`,
  ]
}

/** What shows each call, the ones before too, and why it ended as it did; until it is stopped. */
export function followLine({ tenant }: HeldGrant): string {
  return `${command()} audit --follow${ofTenant(tenant)}`
}

function ofTenant(tenant: string): string {
  return tenant === 'default' ? '' : ` --tenant ${tenant}`
}

/** The command line reads `.dev.vars` of the folder that it is run in by itself. */
function adminLine(server: Kept): readonly string[] {
  const name = 'OUTPOST_ADMIN_TOKEN'
  if (server.commands?.has(name)) return [keyLine(name, server)]
  const here = resolve('.dev.vars')
  if (resolve(server.envFile) === here && fromFile(here)[name] === server.env[name]) return []
  return [keyLine(name, server)]
}

/** Outside of the checkout npx would ask the registry for a package of that name. */
function command(): string {
  const inside = !relative(ROOT, process.cwd()).startsWith('..')
  return inside ? 'npx outpost' : shellWord(join(ROOT, 'scripts/outpost.js'))
}
