import { statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { compileProject, report } from './compile.ts'
import { DEMO_PORT, DEMO_URL, startDemo } from './demo-upstream.ts'
import { readDevVars, writeDevVars } from './dev-vars.ts'
import { build, readCompiled, serve } from './serve.ts'
import type { Compiled, Served } from './serve.ts'
import { messageOf, tell } from './terminal.ts'
import { needsOf, wantedBy } from './workerd/needs.ts'
import { readWorkstation, WORKSTATION_FILE } from './workstation/file.ts'
import type { Workstation } from './workstation/file.ts'
import { fill, misplaced } from './workstation/fill.ts'
import type { Filled } from './workstation/fill.ts'

const ROOT = join(import.meta.dirname, '..')
const DEV_VARS = join(ROOT, '.dev.vars')
const WORKSTATION = join(ROOT, WORKSTATION_FILE)

const HELP = `Usage: npm start -- [options]
       npx outpost dev [options]

Compiles providers/ and hosts.yaml, builds the Worker and serves it with workerd.

  --port N         port to listen on (default: 8788)
  --host ADDRESS   address to listen on (default: 127.0.0.1)
  --data DIR       what it remembers (default: .outpost/data); one process at a time
  --env-file FILE  secrets and settings (default: .dev.vars, written with new keys if there is none)
  --workstation FILE
                   in which stores of this machine to look for secrets (default: ${WORKSTATION_FILE},
                   if there is one): lines of NAME: reference, such as op://vault/item/field
  --no-workstation asks no store, whatever that file says: for a server
  --no-demo        without the demo upstream on port ${DEMO_PORT}
  --help

The env file has one NAME=value a line. A variable of the environment goes before a reference in
${WORKSTATION_FILE}, and that before the same name in the env file. docs/workstation.md has more.
Only the secrets that providers/ and hosts.yaml name, and Outpost's own settings, are read; of the
places where secrets may be kept, the settings of those that some provider's \`secret:\` names.
`

type Values = Readonly<Record<string, string>>

interface Flags {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly envFile: string
  /** null: no store is asked. */
  readonly workstation: string | null
  readonly demo: boolean
}

/** What the person who started it did wrong, or can mend. Said without a stack. */
class Complaint extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2))
  if (flags === null) {
    process.stdout.write(HELP)
    return
  }
  const { host, port, dataDir, envFile } = flags
  const workstation = readStores(flags.workstation)
  tell('building …')
  await compile()
  const envVars = readOrWrite(envFile)
  const compiled = await readCompiled(ROOT)
  refuseMisplaced(wantedBy(needsOf(compiled)), envVars, envFile)
  await build({ root: ROOT })
  const { env, commands } = await secretsOf(compiled, envVars, flags, workstation)
  const server = await serve({ root: ROOT, host, port, dataDir, env })
  const demo = flags.demo && (await addDemo(compiled, env['DEMO_API_KEY'], server))
  endWith(server)
  if (!isLoopback(host)) {
    tell(`${host} can be reached from other machines, and this is plain HTTP: put TLS in front`)
  }
  const { url, peers, vars } = server
  // It decides calls by the protocols of the catalog, which is there only now.
  const { greeting } = await import('./greeting.ts')
  process.stdout.write(
    `\n${greeting({ catalog: compiled.CATALOG, env: { ...vars, ...env }, envFile, commands, url, peers, demo })}`,
  )
}

/** null: asked for help. */
function readFlags(args: string[]): Flags | null {
  const values = parsed(args)
  if (values.help) return null
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Complaint(`--port ${values.port}: a number from 0 to 65535 is expected`, 2)
  }
  return {
    port,
    host: values.host,
    dataDir: resolve(values.data),
    envFile: resolve(values['env-file']),
    workstation: values['no-workstation'] ? null : resolve(values.workstation),
    demo: !values['no-demo'],
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string', default: '8788' },
        host: { type: 'string', default: '127.0.0.1' },
        data: { type: 'string', default: join(ROOT, '.outpost/data') },
        'env-file': { type: 'string', default: DEV_VARS },
        workstation: { type: 'string', default: WORKSTATION },
        'no-workstation': { type: 'boolean', default: false },
        'no-demo': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new Complaint(`${messageOf(error)}\n\n${HELP}`, 2)
  }
}

/** Apart from the build, which does it again, so that its errors stand alone on the terminal. */
async function compile(): Promise<void> {
  const found = await compileProject({ root: ROOT })
  process.stderr.write(report(found))
  if (found.problems.length > 0) throw new Complaint('nothing was started: see above')
}

function readOrWrite(file: string): Values {
  if (file === DEV_VARS && writeDevVars(file)) {
    tell('wrote .dev.vars: a new key for agents on this machine, a token for you')
  }
  return orComplaint(file, () => {
    if (statSync(file).mode & 0o077) tell(`other users can read ${file}: chmod 600 mends it`)
    return readDevVars(file)
  })
}

function orComplaint<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Complaint(`cannot read ${file}: ${messageOf(error)}`, 2)
  }
}

/** Before anything is built, so that what is wrong with the file is said at once. */
function readStores(path: string | null): Workstation['references'] {
  if (path === null) return new Map()
  const found = orComplaint(path, () => readWorkstation(path))
  if (!found && path !== WORKSTATION) throw new Complaint(`there is no file ${path}`, 2)
  const { references, problems } = found ?? { references: new Map<string, never>(), problems: [] }
  if (problems.length === 0) return references
  process.stderr.write(report({ problems, warnings: [] }))
  throw new Complaint('nothing was started: see above')
}

/** It would go upstream as if it were the key. */
function refuseMisplaced(wanted: readonly string[], envVars: Values, envFile: string): void {
  for (const [place, values] of [
    ['the environment', process.env] as const,
    [envFile, envVars] as const,
  ]) {
    const [found] = misplaced(values, wanted)
    if (!found) continue
    const [name, kind] = found
    throw new Complaint(
      kind === 'reference'
        ? `${name} in ${place} is a reference to a store, no value: write it into ${WORKSTATION_FILE} as ${name}: reference`
        : `${name} in ${place} is the URI of a secret, no value: write it into the provider as secret: URI`,
      2,
    )
  }
}

/** When all is built, and no sooner: what is not going to be served needs no secret. */
async function secretsOf(
  compiled: Compiled,
  envVars: Values,
  { envFile, workstation }: Flags,
  references: Workstation['references'],
): Promise<Filled> {
  const wanted = wantedBy(needsOf(compiled))
  const [file, env] = [workstation ?? '', envFile].map((each) => relative(process.cwd(), each))
  if (references.size > 0) tell('asking the stores of this machine …')
  const filled = await fill({
    wanted,
    environment: process.env,
    references,
    file: file ?? '',
    envVars,
    envFile: env ?? '',
  })
  for (const line of filled.lines) tell(line)
  return filled
}

/** False when nothing compiled in points at the demo upstream. */
async function addDemo({ CATALOG }: Compiled, key = '', server: Served): Promise<boolean> {
  if (CATALOG.providers.get('demo')?.base_url !== DEMO_URL) return false
  try {
    const { shared } = await startDemo({ key })
    if (shared) {
      tell(`port ${DEMO_PORT} has another Outpost's demo upstream; it serves this one too`)
    }
    return true
  } catch (error) {
    await server.stop()
    throw new Complaint(`${messageOf(error)}; free it, or start with --no-demo`)
  }
}

/** Signals end the server first, then us; the second one does not wait. */
function endWith(server: Served): void {
  let asked = false
  const stop = () => {
    void server.stop(asked ? 0 : undefined)
    asked = true
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  void server.ended.then((how) => {
    if (!asked) tell(`workerd ended unexpectedly (${how})`)
    process.exit(asked ? 0 : 1)
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

try {
  await main()
} catch (error) {
  tell(messageOf(error))
  process.exit(error instanceof Complaint ? error.exitCode : 1)
}
