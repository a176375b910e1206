import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The operator's token of every test. It must not come out anywhere. */
export const ADMIN = 'sentinel-admin-token-4711'

const LAUNCHER = join(import.meta.dirname, '../../../scripts/outpost.js')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Setting {
  readonly url?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
}

/** A command that goes on. */
export interface Going {
  readonly child: ChildProcessWithoutNullStreams
  /** What has come out so far. */
  readonly so: () => Ran
  /** Until standard output, or error, has this text. */
  readonly until: (text: string) => Promise<void>
  readonly ended: Promise<Ran>
}

/** The command line as a process of its own, with nothing of this one's environment. */
export function start(args: readonly string[], setting: Setting = {}): Going {
  const { url, env = { OUTPOST_ADMIN_TOKEN: ADMIN }, input, cwd = tmpdir() } = setting
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...(url ? { OUTPOST_URL: url } : {}), ...env },
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => {}).end(input ?? '')
  const so = (): Ran => ({ code: child.exitCode, out, err })
  const until = async (text: string): Promise<void> => {
    while (!out.includes(text) && !err.includes(text)) {
      if (child.exitCode !== null) throw new Error(`ended without ${text}: ${out}${err}`)
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  return { child, so, until, ended: once(child, 'close').then(so) }
}

/** Runs to the end. @throws when the operator's token has come out. */
export async function outpost(args: readonly string[], setting: Setting = {}): Promise<Ran> {
  const ran = await start(args, setting).ended
  if (`${ran.out}${ran.err}`.includes(ADMIN)) throw new Error('the token of the operator came out')
  return ran
}
