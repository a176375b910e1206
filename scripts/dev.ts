import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { compileProject, report } from './compile.ts'
import { startDemo } from './demo-upstream.ts'
import { missingVars, readDevVars, writeDevVars } from './dev-vars.ts'
import { messageOf, tell } from './terminal.ts'
import { WORKSTATION_FILE } from './workstation/file.ts'
import { misplaced } from './workstation/fill.ts'

const ROOT = join(import.meta.dirname, '..')

const HELP = `Usage: npm run dev -- [options of \`wrangler dev\`]

Runs the Worker under \`wrangler dev\` with the secrets in .dev.vars, and reloads it when src/,
providers/ or hosts.yaml changes. For editing only: whoever reaches its port or its inspector can
read secrets and be any client address. \`npm start\` is the one for agents. Usual options:

  --port N            default: 8787
  --inspector-port N  default: 9229
  --env-file FILE     instead of .dev.vars
`

/** Sends nothing, asks for no updates and no data of the edge, and keeps the explorer shut. */
const QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  X_LOCAL_EXPLORER: 'false',
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const found = await compileProject({ root: ROOT })
  process.stderr.write(report(found))
  if (found.problems.length > 0) {
    tell('nothing was started: see above')
    process.exit(1)
  }
  const vars = variables(args)
  for (const line of storesLines(vars)) tell(line)
  for (const line of missingVars(vars)) tell(line)
  const started = await startDemo({ key: vars['DEMO_API_KEY'] ?? '' }).catch((error: unknown) =>
    tell(`no demo upstream: ${messageOf(error)}`),
  )
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve('wrangler')),
    '../bin/wrangler.js',
  )
  const defaults = { '--port': '8787', '--ip': '127.0.0.1' }
  const added = Object.entries(defaults).flatMap((each) => (given(args, each[0]) ? [] : each))
  const child = spawn(process.execPath, [wrangler, 'dev', ...added, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...QUIET },
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Ctrl-C reaches wrangler without us, and to be asked twice makes it hurry.
    process.on(
      signal,
      () => void ((signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal)),
    )
  }
  child.on('close', (code) => process.exit(code ?? 0))
  if (given(args, '--ip') !== undefined) return
  const url = `http://127.0.0.1:${given(args, '--port') ?? defaults['--port']}`
  while (!(await answers(`${url}/healthz`))) await delay(250)
  const catalog = { ...found, plugins: new Map(), schemes: {}, backends: {} }
  // Addresses come from wrangler here, and no proxy is believed.
  const env = { ...vars, TRUSTED_PROXIES: '' }
  const demo = started !== undefined
  // It decides calls by the protocols of the catalog, which was written above.
  const { callLines } = await import('./greeting.ts')
  const lines = callLines({ catalog, env, envFile: fileOf(args), url, demo })
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Why no store is asked here: whoever reaches the inspector sees every secret. */
function storesLines(vars: Readonly<Record<string, string>>): readonly string[] {
  const names = [...misplaced(vars, Object.keys(vars)).keys()]
  const file = existsSync(join(ROOT, WORKSTATION_FILE))
  return [
    ...names.map(
      (name) => `${name} is a reference to a store, and goes upstream as it stands there`,
    ),
    ...(file ? [`${WORKSTATION_FILE} is for \`npm start\`: no store is asked here`] : []),
  ]
}

/** As wrangler will read them; .dev.vars is written when there is none. */
function variables(args: readonly string[]): Readonly<Record<string, string>> {
  const file = fileOf(args)
  if (!given(args, '--env-file') && writeDevVars(file)) tell('wrote .dev.vars with new keys')
  try {
    return readDevVars(file)
  } catch {
    return {}
  }
}

function fileOf(args: readonly string[]): string {
  return resolve(ROOT, given(args, '--env-file') ?? '.dev.vars')
}

function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume()
      done(true)
    })
    request.on('error', () => done(false))
  })
}

/** The value of an option, as `--name value` or `--name=value`; undefined when it is not there. */
function given(args: readonly string[], option: string): string | undefined {
  const at = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`))
  return at < 0 ? undefined : (args[at]?.split('=', 2)[1] ?? args[at + 1] ?? '')
}

await main(process.argv.slice(2))
