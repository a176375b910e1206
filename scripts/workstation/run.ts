import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** What is read of standard output; no secret that a process can be given is longer. */
const MOST_BYTES = 64 * 1024
const MOST_COMPLAINT = 4096

/** What has ended has said all, but what it has started may hold its pipes. */
const LAST_WORDS_MS = 1000

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  /** The beginning of standard error. The secret may be in there: it is looked at, and never shown. */
  readonly complaint: string
}

/** What became of it otherwise: not on PATH, cannot be run, silent for too long, talking for too long. */
export type Failed = 'absent' | 'unrunnable' | 'late' | 'long'

export interface Run {
  readonly executable: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
}

/**
 * Runs an executable of PATH, without a shell and without standard input, in our own session: there a
 * store that asks the person knows the terminal that it has asked in before.
 */
export async function run({ executable, args, env, timeoutMs }: Run): Promise<Ended | Failed> {
  const folders = foldersOf(env['PATH'] ?? '')
  const file = folders.map((folder) => join(folder, executable)).find(isExecutable)
  if (file === undefined) return 'absent'
  const child = spawn(file, args, {
    env: { ...env, PATH: folders.join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return ended(child, timeoutMs)
}

/**
 * The folders of PATH where a person's own programs are. npm puts those of packages before them, and
 * a package may well have a program that is called `op` or `pass`.
 */
function foldersOf(path: string): readonly string[] {
  return path
    .split(delimiter)
    .filter(
      (each) =>
        isAbsolute(each) && !/[\\/](?:node_modules[\\/]\.bin|node-gyp-bin)[\\/]?$/.test(each),
    )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function ended(child: ChildProcess, timeoutMs: number): Promise<Ended | Failed> {
  const printed: Buffer[] = []
  let [length, complaint] = [0, '']
  return new Promise((settle) => {
    const give = (found: Ended | Failed) => {
      clearTimeout(late)
      // It, or what it has started, may still hold the pipes: nothing of that is waited for.
      child.kill('SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
      settle(found)
    }
    const late = setTimeout(() => give('late'), timeoutMs)
    child.stdout?.on('data', (part: Buffer) => {
      printed.push(part)
      length += part.length
      if (length > MOST_BYTES) give('long')
    })
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      complaint = (complaint + part).slice(0, MOST_COMPLAINT)
    })
    child.on('error', () => give('unrunnable'))
    const over = (code: number | null) => give({ code, stdout: Buffer.concat(printed), complaint })
    child.on('close', over)
    child.on('exit', (code) => setTimeout(() => over(code), LAST_WORDS_MS).unref())
  })
}
