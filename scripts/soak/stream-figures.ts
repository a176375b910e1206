import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** From here on, a process may have so many files. */
export function limitFiles(pid: number | null, files: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:${files}`])
}

/** As the kernel has it. Infinity where that is not to be had. */
export function filesOf(pid: number | null): number {
  const limits = existsSync(`/proc/${pid}/limits`)
    ? readFileSync(`/proc/${pid}/limits`, 'utf8')
    : ''
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? Infinity : Number(soft)
}

/** Waits until it is so, so many ms at most. False when it was not. */
export async function isSo(
  is: () => boolean | Promise<boolean>,
  within_ms: number,
): Promise<boolean> {
  const end = Date.now() + within_ms
  while (!(await is())) {
    if (Date.now() > end) return false
    await delay(100)
  }
  return true
}

/** Resident memory, in whole MiB. */
export function mib({ residentMiB }: { readonly residentMiB: number }): string {
  return residentMiB.toFixed(0)
}

/** Median, 99th percentile and longest, whole. */
export function figures(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return [at(0.5), at(0.99), at(1)].map((each) => each.toFixed(0)).join(', ')
}
