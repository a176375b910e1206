import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Window } from '../../src/limits/bucket.ts'
import { runFolder } from '../bench/fixture.ts'
import type { Runnable } from '../checks/lives.ts'
import { copyCheckout } from '../checks/project.ts'
import { newKey } from '../dev-vars.ts'

const VARIABLES = { agent: 'CRASH_AGENT_KEY', upstream: 'CRASH_UPSTREAM_KEY' }

/** The provider of `makeAuditProject`. */
export const RECORDED = 'recorded'

/** A project that `build` and `serve` can run, and the key that its agents send. */
export interface Project extends Runnable {
  readonly agentKey: string
}

/** A provider whose calls are counted: one category, `default`. */
export interface Limited {
  readonly name: string
  readonly windows: readonly Window[]
  readonly queueMs: number
}

/** Many at once, two windows, and a queue. */
export const LIMITED: readonly Limited[] = [
  { name: 'burst', windows: [{ capacity: 20, window_ms: 2000 }], queueMs: 0 },
  {
    name: 'pair',
    windows: [
      { capacity: 5, window_ms: 1000 },
      { capacity: 30, window_ms: 20_000 },
    ],
    queueMs: 0,
  },
  { name: 'queue', windows: [{ capacity: 1, window_ms: 100 }], queueMs: 300 },
]

/** For calls with an Idempotency-Key: a refusal of the limiter's frees the key. */
export const COUNTED: Limited = {
  name: 'counted',
  windows: [{ capacity: 15, window_ms: 1000 }],
  queueMs: 200,
}

/** Categories of the providers for cooldowns: each with the `Retry-After` that is answered, s. */
export const COOLED: ReadonlyMap<string, number> = new Map([
  ['long-1', 30],
  ['long-2', 30],
  ['brief-1', 3],
  ['brief-2', 4],
  ['brief-3', 5],
])

type Add = (name: string, forwarding: readonly string[]) => void

/** The checkout's own code with the providers of this check, in a folder that git ignores. */
export function makeProject(upstream: string): Project {
  return projectWith(upstream, (add) => {
    for (const { name, windows, queueMs } of [...LIMITED, COUNTED]) {
      add(name, [`queue_timeout_ms: ${queueMs}`, `rate_limits: { default: ${flow(windows)} }`])
    }
    add('keyed', ['rate_limits: {}'])
    add('cooled', ['queue_timeout_ms: 0', ...COOLED_RULES, ...COOLED_WINDOWS])
    add('cooled-free', ['queue_timeout_ms: 0', ...COOLED_RULES, 'rate_limits: {}'])
  })
}

/** The same with one provider that counts nothing, for callers who have grants. */
export function makeAuditProject(upstream: string): Project {
  return projectWith(upstream, (add) => add(RECORDED, ['rate_limits: {}']))
}

function projectWith(upstream: string, addAll: (add: Add) => void): Project {
  const root = runFolder('crash-check')
  copyCheckout(root)
  mkdirSync(join(root, 'providers'))
  addAll((name, forwarding) => {
    const lines = [
      `name: ${name}`,
      `base_url: ${upstream}/${name}`,
      `auth: { type: bearer_static, env: ${VARIABLES.upstream} }`,
      'forwarding:',
      ...forwarding.map((line) => `  ${line}`),
      '',
    ]
    writeFileSync(join(root, `providers/${name}.yaml`), lines.join('\n'))
  })
  writeFileSync(join(root, 'hosts.yaml'), HOSTS)
  const agentKey = newKey()
  return {
    root,
    needs: { secrets: Object.values(VARIABLES), baseUrls: [upstream] },
    env: {
      [VARIABLES.agent]: agentKey,
      [VARIABLES.upstream]: newKey(),
      OUTPOST_ADMIN_TOKEN: newKey(),
    },
    agentKey,
  }
}

function flow(windows: readonly Window[]): string {
  const each = windows.map((w) => `{ capacity: ${w.capacity}, window_ms: ${w.window_ms} }`)
  return `[${each.join(', ')}]`
}

const COOLED_RULES = [
  'allow:',
  ...Array.from(COOLED.keys(), (name) => `  - { method: GET, path: /${name}, category: ${name} }`),
]

/** Large enough never to be the reason for a refusal. */
const COOLED_WINDOWS = [
  'rate_limits:',
  ...Array.from(COOLED.keys(), (name) => `  ${name}: [{ capacity: 1000, window_ms: 1000 }]`),
]

const HOSTS = `hosts:
  - id: crash-check
    cidrs: [127.0.0.1/32]
    can_call_sensitive: true
    auth_token_env: ${VARIABLES.agent}
`
