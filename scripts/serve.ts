import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, extname, join } from 'node:path'
import { text as textFrom } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

import { unstable_readConfig } from 'wrangler'
import type { Unstable_Config } from 'wrangler'

import type { Catalog } from '../src/catalog.ts'
import { tell } from './terminal.ts'
import { layOutCertificates, removeCertificates } from './workerd/certificates.ts'
import { bindingsOf, objectClasses, refuseUnserved, workerdConfig } from './workerd/config.ts'
import { openDataDir } from './workerd/data-dir.ts'
import { bracketed, launch } from './workerd/launch.ts'
import type { Launch, Running } from './workerd/launch.ts'
import { calledBy, namesOf, needsOf } from './workerd/needs.ts'
import type { Needs } from './workerd/needs.ts'
import { privatePeers } from './workerd/private-peers.ts'
import { sweepReplays } from './workerd/sweep.ts'

/** What workerd itself may want to know. The last two say where CA certificates are. */
const ESSENTIALS = ['TZ', 'TMPDIR', 'SSL_CERT_FILE', 'SSL_CERT_DIR']

/** Names in the data directory: of the bundle, of what KV bindings talk to, and of what the end waits for. */
const MODULE = 'worker.js'
const KV_MODULE = 'kv-service.js'
const ROUTER_MODULE = 'isolate-router.js'
const LINGER_MODULE = 'linger.js'
const LINGER_SOCKET = 'linger.sock'

/** The compiled catalog: `src/generated/catalog.ts`. */
export interface Compiled {
  readonly CATALOG: Catalog
  readonly SECRET_NAMES: readonly string[]
}

export interface ServeOptions {
  /** The folder of wrangler.toml; `build()` has been run for it. */
  readonly root: string
  /** 0: any free one. */
  readonly port: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: `.outpost/data` below root. Two servers never share one. */
  readonly dataDir?: string
  /** Secrets and settings are taken from here, and nothing else is. */
  readonly env: Readonly<Record<string, string>>
  /** Default: what the compiled catalog of root wants. */
  readonly needs?: Needs
  /** For checks: several isolates over the same objects; `X-Isolate: 2` asks the second. */
  readonly isolates?: number
  /** Default: `inherit`. With `keep`, `output()` of the result has it. */
  readonly output?: Launch['output']
}

export interface Served extends Running {
  /** The private and loopback addresses that the Worker can reach: those that are configured. */
  readonly peers: readonly string[]
  /** What `[vars]` of wrangler.toml says; a variable of `env` goes before it. */
  readonly vars: Readonly<Record<string, string>>
}

/**
 * Builds the Worker as `wrangler deploy` would, compile step included, and returns the bundle's path.
 *
 * @throws with what wrangler printed, when the build fails.
 */
export async function build({ root }: { readonly root: string }): Promise<string> {
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve('wrangler')),
    '../bin/wrangler.js',
  )
  const args = [wrangler, 'deploy', '--dry-run', '--outdir', join(root, 'dist'), '--metafile']
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: {
      ...process.env,
      // `node` in the build command is the one that runs this.
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      NO_COLOR: '1',
      FORCE_COLOR: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [printed, complaints, [code]] = await Promise.all([
    textFrom(child.stdout),
    textFrom(child.stderr),
    once(child, 'close'),
  ])
  if (code !== 0) throw new Error(`the build failed:\n${printed}${complaints}`)
  // Warnings, about wrangler.toml mostly.
  process.stderr.write(complaints)
  return bundleOf(readDeployment(root))
}

/** The catalog that the last compile step wrote for `root`. */
export async function readCompiled(root: string): Promise<Compiled> {
  const file = pathToFileURL(join(root, 'src/generated/catalog.ts'))
  return (await import(file.href)) as Compiled
}

/**
 * Runs the bundle of `root` on plain workerd, as a self-hosted installation does, and returns when
 * it answers. Nothing but one HTTP port is opened. The child ends with this process, even when that
 * is killed.
 *
 * @throws when the port or the data directory is taken, or workerd refuses to start.
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const { root, port, host = '127.0.0.1', env, output = 'inherit' } = options
  const config = readDeployment(root)
  refuseUnserved(config)
  const needs = options.needs ?? needsOf(await readCompiled(root))
  const peers = await privatePeers(calledBy(needs, { ...config.vars, ...env }))
  const data = await openDataDir(options.dataDir ?? join(root, '.outpost/data'))
  try {
    sweepReplays(data.objects, Date.now())
    layOut(data.path, config)
    const namespaces = config.kv_namespaces.map(({ binding }) => binding)
    for (const each of namespaces) mkdirSync(join(data.namespaces, each), { recursive: true })
    const plan = {
      address: `${bracketed(host)}:${port}`,
      module: MODULE,
      compatibilityDate: config.compatibility_date ?? '',
      compatibilityFlags: config.compatibility_flags,
      bindings: bindingsOf(config, namesOf(needs), env),
      objects: objectClasses(config),
      objectsDir: data.objects,
      linger: { module: LINGER_MODULE, socket: LINGER_SOCKET },
      kv: { names: namespaces, dir: data.namespaces, module: KV_MODULE },
      peers,
      certificates: layOutCertificates(data.path, needs.certificates ?? [], env, tell),
      ...(options.isolates !== undefined && {
        isolates: { count: options.isolates, module: ROUTER_MODULE },
      }),
    }
    writeWhole(data.config, workerdConfig(plan))
    const launched = launch({
      config: data.config,
      host,
      port,
      env: { ...pick(process.env, ESSENTIALS), ...pick(env, namesOf(needs)) },
      output,
      onSpawn: data.claim,
      linger: LINGER_SOCKET,
    })
    const running = await launched.finally(() => removeCertificates(data.path))
    const ended = running.ended.finally(data.release)
    const stop = async (drainMs?: number) => {
      await running.stop(drainMs)
      await ended
    }
    return { ...running, ended, stop, peers, vars: textsOf(config) }
  } catch (error) {
    data.release()
    throw error
  }
}

/** The modules that the configuration embeds, beside it. */
function layOut(folder: string, config: Unstable_Config): void {
  copyFileSync(bundleOf(config), join(folder, MODULE))
  for (const each of [KV_MODULE, ROUTER_MODULE, LINGER_MODULE]) {
    copyFileSync(join(import.meta.dirname, 'workerd', each), join(folder, each))
  }
  // Of one that was killed.
  rmSync(join(folder, LINGER_SOCKET), { force: true })
}

function readDeployment(root: string): Unstable_Config {
  return unstable_readConfig({ config: join(root, 'wrangler.toml') }, { hideWarnings: true })
}

/** Where `build()` puts the bundle: it is called after the entry. */
function bundleOf({ main = '', configPath = '' }: Unstable_Config): string {
  return join(dirname(configPath), 'dist', `${basename(main, extname(main))}.js`)
}

function textsOf({ vars }: Unstable_Config): Readonly<Record<string, string>> {
  const texts = Object.entries(vars).filter((each): each is [string, string] => {
    return typeof each[1] === 'string'
  })
  return Object.fromEntries(texts)
}

function writeWhole(file: string, content: string): void {
  const draft = `${file}.new`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, file)
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (env[name] ? [[name, env[name]] as const] : [])),
  )
}
