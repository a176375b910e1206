import type { Unstable_Config } from 'wrangler'

import { SETTINGS } from '../../src/settings.ts'

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

/** Tables of wrangler.toml that need a service which plain workerd does not have. */
const NOT_SERVED = [
  'r2_buckets',
  'd1_databases',
  'services',
  'ratelimits',
  'analytics_engine_datasets',
  'secrets_store_secrets',
  'workflows',
] as const satisfies readonly (keyof Unstable_Config)[]

/** One thing in the Worker's `env`. */
export type Binding = { readonly name: string } & (
  | { readonly text: string }
  | { readonly json: string }
  | { readonly fromEnvironment: string }
  | { readonly durableObjectNamespace: string }
  | { readonly kvNamespace: string }
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
  readonly linger?: LingerPlan
  /** Blocks that may be called beside public addresses. */
  readonly peers: readonly string[]
}

/** The configuration of `workerd serve` as text. It holds names of secrets, and no value of one. */
export function workerdConfig(plan: Plan): string {
  const worker = {
    modules: [{ name: plan.module, esModule: new Embedded(plan.module) }],
    compatibilityDate: plan.compatibilityDate,
    compatibilityFlags: plan.compatibilityFlags,
    bindings: plan.bindings,
    globalOutbound: 'outbound',
    ...(plan.objects.length > 0 && {
      durableObjectNamespaces: plan.objects.map((each) => ({ ...each })),
      durableObjectStorage: { localDisk: 'objects' },
    }),
  }
  const outbound = {
    allow: ['public', ...plan.peers],
    tlsOptions: { trustBrowserCas: true },
  }
  const disk = { name: 'objects', disk: { path: plan.objectsDir, writable: true } }
  const config = {
    services: [
      { name: 'outbound', network: outbound },
      ...(plan.objects.length > 0 ? [disk] : []),
      ...(plan.kv?.names ?? []).flatMap((name) => kvServices(name, plan)),
      ...(plan.linger ? [lingerService(plan.linger, plan)] : []),
      { name: 'main', worker },
    ],
    sockets: [
      {
        name: 'http',
        address: plan.address,
        // A header without a value is removed.
        http: { injectRequestHeaders: FORGEABLE_HEADERS.map((name) => ({ name })) },
        service: 'main',
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
 * What the Worker finds in its `env`: the variables and objects of wrangler.toml, the settings and
 * the secrets. A secret or setting that is not in the child's environment reads as null.
 */
export function bindingsOf(
  config: Unstable_Config,
  secrets: readonly string[],
  env: Readonly<Record<string, string>>,
): readonly Binding[] {
  const byName = new Map<string, Binding>()
  for (const name of [...SETTINGS, ...secrets]) byName.set(name, { name, fromEnvironment: name })
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

/** A file that goes into the configuration as it is read. */
class Embedded {
  readonly file: string
  constructor(file: string) {
    this.file = file
  }
}

type Literal =
  | string
  | boolean
  | Embedded
  | readonly Literal[]
  | { readonly [field: string]: Literal }

/** A value in the text form of Cap'n Proto: https://capnproto.org/language.html#constants */
function literal(value: Literal): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (value instanceof Embedded) return `embed ${quoted(value.file)}`
  if (isList(value)) return `[${wrapped(value.map(literal))}]`
  const fields = Object.entries(value).map(([name, each]) => `${name} = ${literal(each)}`)
  return `(${wrapped(fields)})`
}

/** On one line as long as that can be read. */
function wrapped(parts: readonly string[]): string {
  const line = parts.join(', ')
  if (line.length <= 90 && !line.includes('\n')) return line
  return `\n${parts.join(',\n').replace(/^/gm, '  ')}\n`
}

function isList(value: Literal): value is readonly Literal[] {
  return Array.isArray(value)
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, String.raw`\$&`)
  // oxlint-disable-next-line no-control-regex -- those are what has to be escaped
  const safe = escaped.replace(/[\x00-\x1f\x7f]/g, (char) => String.raw`\x${hex(char)}`)
  return `"${safe}"`
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0')
}
