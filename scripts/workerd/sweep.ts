import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A key is remembered for 24 hours from its first use, and nothing is written to it after that. */
const FORGOTTEN_MS = 25 * 3_600_000

/**
 * Removes the files of Idempotency-Keys that are forgotten: workerd empties the database of an
 * object that deletes itself, and leaves the file. To be called while no workerd runs. Returns how
 * many objects it removed.
 */
export function sweepReplays(objectsDir: string, now: number): number {
  const folder = join(objectsDir, 'Replay')
  const names = filesIn(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  const old = names.filter((name) => now - lastWrite(folder, name) > FORGOTTEN_MS)
  for (const name of old) {
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, name + end), { force: true })
  }
  return old.length
}

function lastWrite(folder: string, name: string): number {
  const times = ['', '-wal'].map(
    (end) => statSync(join(folder, name + end), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  )
  return Math.max(...times)
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // before the first start
  }
}
