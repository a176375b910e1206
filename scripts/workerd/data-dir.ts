import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const SQLITE_BUSY = 5

/** A folder that one workerd owns: its objects on disk, and the configuration it was started with. */
export interface DataDir {
  readonly path: string
  /** The objects, readable by this user only. */
  readonly objects: string
  /** KV namespaces, readable by this user only. */
  readonly namespaces: string
  readonly config: string
  /** Notes which process works in here, for whoever finds it orphaned. */
  readonly claim: (pid: number) => void
  /** Lets the next one in. The process that was noted must have ended. */
  readonly release: () => void
}

/**
 * Takes the folder for this process; makes it (mode 0700) if it is not there. The lock is the
 * kernel's, on a file in the folder, so it is gone with the process that holds it, however that
 * ends. A workerd that outlived its starter is ended first: two on one folder would each have
 * their own idea of what the objects remember.
 *
 * @throws when another process holds it.
 */
export async function openDataDir(folder: string): Promise<DataDir> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = realpathSync(folder)
  const release = lock(path)
  const [objects, namespaces, config, note] = [
    join(path, 'objects'),
    join(path, 'kv'),
    join(path, 'workerd.capnp'),
    join(path, 'workerd.pid'),
  ]
  try {
    for (const each of [objects, namespaces]) {
      mkdirSync(each, { recursive: true })
      chmodSync(each, 0o700)
    }
    await endOrphan(note, config)
  } catch (error) {
    release()
    throw error
  }
  return {
    path,
    objects,
    namespaces,
    config,
    claim: (pid) => writeFileSync(note, `${pid}\n`, { mode: 0o600 }),
    release: () => {
      rmSync(note, { force: true })
      release()
    },
  }
}

/** Node has no file locks of its own, but SQLite takes one for a transaction. */
function lock(folder: string): () => void {
  const { DatabaseSync } = quietly(() => process.getBuiltinModule('node:sqlite'))
  const file = new DatabaseSync(join(folder, 'lock'))
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (!isBusy(error)) throw error
    throw new Error(
      `${folder} is in use by another Outpost; stop it, or name another with --data`,
      {
        cause: error,
      },
    )
  }
  return () => file.close()
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

/** Without the note that SQLite in Node is young: nothing is stored with it. */
function quietly<T>(load: () => T): T {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, not called
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = warn
  }
}

async function endOrphan(note: string, config: string): Promise<void> {
  const pid = notedPid(note)
  for (let tries = 0; isWorkerd(pid, config); tries += 1) {
    process.kill(pid, tries < 20 ? 'SIGTERM' : 'SIGKILL')
    await delay(100)
  }
}

function notedPid(note: string): number {
  try {
    return Number(readFileSync(note, 'utf8'))
  } catch {
    return 0
  }
}

/** Whether that process still is a workerd with this configuration, and not a later one's number. */
function isWorkerd(pid: number, config: string): boolean {
  return pid > 1 && commandOf(pid).includes(config)
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
