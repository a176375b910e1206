import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { unstable_readConfig } from 'wrangler'

import { copyCheckout, ROOT } from '../checks/project.ts'
import { newKey } from '../dev-vars.ts'
import type { Needs } from '../workerd/needs.ts'

/** A project that `build` and `serve` can run, and what they need for it. */
export interface Fixture {
  readonly root: string
  readonly needs: Needs
  readonly env: Readonly<Record<string, string>>
}

/** The key that agents have to send, and the upstream's key, which they do not know. */
const VARIABLES = { agent: 'BENCH_AGENT_KEY', upstream: 'BENCH_UPSTREAM_KEY' }

/**
 * A folder for one run, inside the checkout so that packages are found, and ignored by git. It goes
 * when this process ends.
 */
export function runFolder(name: string): string {
  const parent = join(ROOT, '.outpost')
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(parent, `${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  return folder
}

/** The checkout's code with `providers` times `rules` of its own configuration. Not built yet. */
export function outpostFixture(
  root: string,
  upstream: string,
  size: { readonly providers: number; readonly rules: number },
): Fixture {
  copyCheckout(root)
  mkdirSync(join(root, 'providers'))
  for (let number = 0; number < size.providers; number += 1) {
    const yaml = providerYaml(providerName(number), upstream, size.rules)
    writeFileSync(join(root, `providers/${providerName(number)}.yaml`), yaml)
  }
  writeFileSync(join(root, 'hosts.yaml'), HOSTS)
  return {
    root,
    needs: { secrets: Object.values(VARIABLES), baseUrls: [upstream] },
    env: {
      [VARIABLES.agent]: newKey(),
      [VARIABLES.upstream]: newKey(),
      OUTPOST_ADMIN_TOKEN: newKey(),
    },
  }
}

/** The key that an agent of this fixture sends. */
export function agentKey({ env }: Fixture): string {
  return env[VARIABLES.agent] ?? ''
}

export function providerName(number: number): string {
  return `p${number}`
}

/**
 * A path that rule `number` alone matches. Even ones have a folder of their own; odd ones share a
 * folder that only wildcards tell apart, as GitHub's do.
 */
export function pathOfRule(number: number): string {
  return number % 2 === 0 ? `/v1/things-${number}/42` : `/repos/acme/site/things-${number}`
}

function patternOfRule(number: number): string {
  return number % 2 === 0 ? `/v1/things-${number}/{id}` : `/repos/{owner}/{repo}/things-${number}`
}

/** What a provider has of its own; what is left out is as simple as it can be. */
export interface ProviderPlan {
  /** Keys of `auth`, in one line. Default: a key that never changes. */
  readonly auth?: string
  /** Keys of `forwarding`. Default: no limits. */
  readonly forwarding?: string
  /** Seconds, of every rule. */
  readonly cacheTtl?: number
  /** Default: `auto`. */
  readonly scrub?: 'off'
  /** Keys of one rule each, in one line, which stand before the others. */
  readonly rules?: readonly string[]
  /** Keys of its own, as lines. */
  readonly keys?: string
}

/**
 * A provider file. Transparent, so that every path of the upstream can be asked for, and the rules
 * are looked at.
 */
export function providerYaml(
  name: string,
  upstream: string,
  rules: number,
  plan: ProviderPlan = {},
): string {
  const {
    auth = `type: bearer_static, env: ${VARIABLES.upstream}`,
    forwarding = 'rate_limits: {}',
    cacheTtl = 0,
    scrub = 'auto',
    keys = '',
  } = plan
  const own = (plan.rules ?? []).map((rule) => `    - { ${rule} }`)
  const rows = Array.from({ length: rules }, (_, number) => {
    const what = `method: GET, path: '${patternOfRule(number)}', category: read`
    return `    - { ${what}, cache_ttl: ${cacheTtl} }`
  })
  return `name: ${name}
base_url: ${upstream}
auth: { ${auth} }
scrub: ${scrub}
${keys}
forwarding:
  deny: [/denied/**]
  ${forwarding}
  allow:
${[...own, ...rows].join('\n')}
`
}

/** Providers beside a fixture's own, and the secrets that they name. */
export interface More {
  readonly plans: Readonly<Record<string, ProviderPlan>>
  readonly secrets: readonly string[]
}

/** Adds providers to a fixture that is not built yet, with as many rules as its own have. */
export function withMore(
  fixture: Fixture,
  upstream: string,
  rules: number,
  { plans, secrets }: More,
): Fixture {
  for (const [name, plan] of Object.entries(plans)) {
    const yaml = providerYaml(name, upstream, rules, plan)
    writeFileSync(join(fixture.root, `providers/${name}.yaml`), yaml)
  }
  const { needs, env } = fixture
  return {
    ...fixture,
    needs: { ...needs, secrets: [...needs.secrets, ...secrets] },
    env: { ...env, ...Object.fromEntries(secrets.map((name) => [name, newKey()])) },
  }
}

const HOSTS = `hosts:
  - id: bench
    cidrs: [127.0.0.1/32]
    can_call_sensitive: true
    auth_token_env: ${VARIABLES.agent}
`

/**
 * The floor: a worker with the same runtime settings that adds one header and streams. It answers
 * \`/healthz\` itself, since that is what its start is measured with.
 */
export function bareFixture(root: string, upstream: string): Fixture {
  const config = unstable_readConfig(
    { config: join(ROOT, 'wrangler.toml') },
    { hideWarnings: true },
  )
  mkdirSync(join(root, 'dist'), { recursive: true })
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src/worker.js'), bareWorker(upstream))
  writeFileSync(join(root, 'dist/worker.js'), bareWorker(upstream))
  writeFileSync(
    join(root, 'wrangler.toml'),
    [
      'name = "bare"',
      'main = "src/worker.js"',
      `compatibility_date = "${config.compatibility_date ?? ''}"`,
      `compatibility_flags = ${JSON.stringify(config.compatibility_flags)}`,
      '',
    ].join('\n'),
  )
  return { root, needs: { secrets: [], baseUrls: [upstream] }, env: {} }
}

function bareWorker(upstream: string): string {
  return `export default {
  async fetch(request) {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/healthz') return new Response('ok')
    const outgoing = new Request('${upstream}' + pathname + search, request)
    outgoing.headers.set('authorization', 'Bearer of-the-bare-worker')
    return fetch(outgoing, { redirect: 'manual' })
  },
}
`
}
