import type { Unstable_Config } from 'wrangler'

import { Embedded, literal } from './capnp.ts'
import type { Literal } from './capnp.ts'
import { certificateService, serviceOf } from './certificates.ts'
import type { CertificatePlan } from './certificates.ts'

/** Headers that the edge sets on Cloudflare. Here a client would have written them. */
const FORGEABLE_HEADERS = [
  'CF-Connecting-IP',
  'CF-Connecting-IPv6',
  'CF-Connecting-O2O',
  'CF-Pseudo-IPv4',
  'CF-IPCountry',
  'CF-Ray',
  'CF-Visitor',
  'CF-Worker',
  'CF-EW-Via',
  'CDN-Loop',
  'True-Client-IP',
  'X-Real-IP',
]

/**
 * Tables of wrangler.toml that need a service which plain workerd does not have. Not among them:
 * `secrets_store_secrets`, whose names are secrets of the environment here.
 */
const NOT_SERVED = [
  'r2_buckets',
  'd1_databases',
  'services',
  'ratelimits',
  'analytics_engine_datasets',
  'workflows',
] as const satisfies readonly (keyof Unstable_Config)[]

/** One thing in the Worker's `env`. */
export type Binding = { readonly name: string } & (
  | { readonly text: string }
  | { readonly json: string }
  | { readonly fromEnvironment: string }
  | { readonly durableObjectNamespace: string }
  | { readonly kvNamespace: string }
  | { readonly service: string }
)

export interface ObjectClass {
  readonly className: string
  /** Names the folder of its objects, so it outlives a renaming of the class. */
  readonly uniqueKey: string
  readonly enableSql: boolean
}

/** The KV namespaces of the Worker. */
export interface KvPlan {
  /** By binding. */
  readonly names: readonly string[]
  /** Has a folder for each. */
  readonly dir: string
  /** Beside the configuration, as `Plan.module`: kv-service.js. */
  readonly module: string
}

/** More isolates of the Worker than the one, as at several places of the edge. For checks only. */
export interface IsolatesPlan {
  readonly count: number
  /** Beside the configuration, as `Plan.module`: isolate-router.js. */
  readonly module: string
}

/** What a process that was told to end waits for: linger.js. */
export interface LingerPlan {
  /** Beside the configuration, as `Plan.module`. */
  readonly module: string
  /** The path of a socket of the file system. */
  readonly socket: string
}

/** What workerd is to run. Paths are absolute, but for `module`, which lies beside the file. */
export interface Plan {
  /** `127.0.0.1:8788`, `[::1]:8788`; port 0 is any free one. */
  readonly address: string
  readonly module: string
  readonly compatibilityDate: string
  readonly compatibilityFlags: readonly string[]
  readonly bindings: readonly Binding[]
  readonly objects: readonly ObjectClass[]
  readonly objectsDir: string
  readonly kv?: KvPlan
  /** Default: one. Others share its objects, and the header `X-Isolate: 2` asks the second. */
  readonly isolates?: IsolatesPlan
  readonly linger?: LingerPlan
  /** Blocks that may be called beside public addresses. */
  readonly peers: readonly string[]
  readonly certificates?: readonly CertificatePlan[]
}

/** The configuration of `workerd serve` as text. It holds names of secrets, and no value of one. */
export function workerdConfig(plan: Plan): string {
  const { certificates = [] } = plan
  const allow = ['public', ...plan.peers]
  const worker = {
    modules: [{ name: plan.module, esModule: new Embedded(plan.module) }],
    compatibilityDate: plan.compatibilityDate,
    compatibilityFlags: plan.compatibilityFlags,
    bindings: [
      ...plan.bindings,
      ...certificates.map(({ name }) => ({ name, service: serviceOf(name) })),
    ],
    globalOutbound: 'outbound',
  }
  const keeper = {
    ...worker,
    ...(plan.objects.length > 0 && {
      durableObjectNamespaces: plan.objects.map((each) => ({ ...each })),
      durableObjectStorage: { localDisk: 'objects' },
    }),
  }
  const outbound = { allow, tlsOptions: { trustBrowserCas: true } }
  const disk = { name: 'objects', disk: { path: plan.objectsDir, writable: true } }
  const config = {
    services: [
      { name: 'outbound', network: outbound },
      ...certificates.map((each) => certificateService(each, allow)),
      ...(plan.objects.length > 0 ? [disk] : []),
      ...(plan.kv?.names ?? []).flatMap((name) => kvServices(name, plan)),
      ...(plan.linger ? [lingerService(plan.linger, plan)] : []),
      { name: 'main', worker: keeper },
      ...isolateServices(plan, worker),
    ],
    sockets: [
      {
        name: 'http',
        address: plan.address,
        // A header without a value is removed.
        http: { injectRequestHeaders: FORGEABLE_HEADERS.map((name) => ({ name })) },
        service: plan.isolates ? 'router' : 'main',
      },
      ...(plan.linger
        ? [{ name: 'linger', address: `unix:${plan.linger.socket}`, http: {}, service: 'linger' }]
        : []),
    ],
  }
  return [
    'using Workerd = import "/workerd/workerd.capnp";',
    `const config :Workerd.Config = ${literal(config)};`,
    '',
  ].join('\n')
}

/** Each other isolate with the objects of the first, and who chooses between them. */
function isolateServices(
  { isolates, bindings, compatibilityDate, compatibilityFlags }: Plan,
  worker: { readonly [field: string]: Literal },
): readonly Literal[] {
  if (!isolates) return []
  const { count, module } = isolates
  const shared = bindings.map((each) =>
    'durableObjectNamespace' in each
      ? {
          name: each.name,
          durableObjectNamespace: { className: each.durableObjectNamespace, serviceName: 'main' },
        }
      : each,
  )
  const others = Array.from({ length: count - 1 }, (_, index) => `isolate-${index + 2}`)
  const router = {
    modules: [{ name: module, esModule: new Embedded(module) }],
    compatibilityDate,
    compatibilityFlags,
    bindings: ['main', ...others].map((service, index) => ({ name: `${index + 1}`, service })),
  }
  return [
    ...others.map((name) => ({ name, worker: { ...worker, bindings: shared } })),
    { name: 'router', worker: router },
  ]
}

function lingerService(
  { module }: LingerPlan,
  { compatibilityDate, compatibilityFlags }: Plan,
): Literal {
  const worker = {
    modules: [{ name: module, esModule: new Embedded(module) }],
    compatibilityDate,
    compatibilityFlags,
    // It calls nobody.
    globalOutbound: 'linger',
  }
  return { name: 'linger', worker }
}

/** A namespace: the Worker that its binding talks to, and the folder with one file for each key. */
function kvServices(
  name: string,
  { kv, compatibilityDate, compatibilityFlags }: Plan,
): readonly Literal[] {
  const { dir = '', module = '' } = kv ?? {}
  const files = `${kvService(name)}-files`
  const worker = {
    modules: [{ name: module, esModule: new Embedded(module) }],
    compatibilityDate,
    compatibilityFlags,
    bindings: [{ name: 'FILES', service: files }],
    // It has nobody to call.
    globalOutbound: files,
  }
  const disk = { path: `${dir}/${name}`, writable: true }
  return [
    { name: files, disk },
    { name: kvService(name), worker },
  ]
}

function kvService(binding: string): string {
  return `kv-${binding}`
}

/**
 * What the Worker finds in its `env`: the variables and objects of wrangler.toml, and the settings and
 * secrets of these names. A secret or setting that is not in the child's environment reads as null.
 */
export function bindingsOf(
  config: Unstable_Config,
  names: readonly string[],
  env: Readonly<Record<string, string>>,
): readonly Binding[] {
  const byName = new Map<string, Binding>()
  for (const name of names) byName.set(name, { name, fromEnvironment: name })
  for (const [name, value] of Object.entries(config.vars)) {
    if (env[name] !== undefined && byName.has(name)) continue
    const said = typeof value === 'string' ? { text: value } : { json: JSON.stringify(value) }
    byName.set(name, { name, ...said })
  }
  for (const { name, class_name } of config.durable_objects.bindings) {
    byName.set(name, { name, durableObjectNamespace: class_name })
  }
  for (const { binding } of config.kv_namespaces) {
    byName.set(binding, { name: binding, kvNamespace: kvService(binding) })
  }
  byName.set('CLIENT_IP_SOURCE', { name: 'CLIENT_IP_SOURCE', text: 'workerd' })
  return [...byName.values()]
}

/** The object classes that exist after all migrations of wrangler.toml, as on Cloudflare. */
export function objectClasses({ migrations }: Unstable_Config): readonly ObjectClass[] {
  const classes = new Map<string, ObjectClass>()
  for (const step of migrations) migrate(classes, step)
  return [...classes.values()]
}

function migrate(
  classes: Map<string, ObjectClass>,
  step: Unstable_Config['migrations'][number],
): void {
  const add = (className: string, enableSql: boolean) =>
    classes.set(className, { className, uniqueKey: className, enableSql })
  for (const name of step.new_classes ?? []) add(name, false)
  for (const name of step.new_sqlite_classes ?? []) add(name, true)
  for (const { from, to } of step.renamed_classes ?? []) {
    const known = classes.get(from)
    if (!known) throw new Error(`wrangler.toml: no class ${from} to rename to ${to}`)
    classes.delete(from)
    classes.set(to, { ...known, className: to })
  }
  for (const name of step.deleted_classes ?? []) classes.delete(name)
}

/** @throws when wrangler.toml asks for something that plain workerd cannot give. */
export function refuseUnserved(config: Unstable_Config): void {
  for (const table of NOT_SERVED) {
    if (!config[table]?.length) continue
    throw new Error(`wrangler.toml: ${table} is not supported by \`npm start\` yet`)
  }
}
