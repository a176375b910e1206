import { readFileSync, readdirSync } from 'node:fs'

/** Linux counts ticks of 10 ms in /proc/PID/stat: `getconf CLK_TCK`. */
const MS_PER_TICK = 10

/**
 * CPU time that all threads of a process have used so far, in ms; null where there is no /proc.
 * Taken from the scheduler in nanoseconds where the kernel shows that, else in ticks of 10 ms.
 */
export function cpuMs(pid: number): number | null {
  return schedulerMs(pid) ?? tickMs(pid)
}

/** Resident memory of a process in MiB; null where there is no /proc. */
export function residentMiB(pid: number): number | null {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]
  return kib === undefined ? null : Number(kib) / 1024
}

/** The processor's name, for the record; empty where it is not to be had. */
export function processorName(): string {
  return /^model name\s*: (.+)$/m.exec(read('/proc/cpuinfo'))?.[1] ?? ''
}

/** Threads that have ended are not counted: workerd ends none while it serves. */
function schedulerMs(pid: number): number | null {
  const tasks = `/proc/${pid}/task`
  const times = list(tasks).map((task) => Number(read(`${tasks}/${task}/schedstat`).split(' ')[0]))
  const total = times.reduce((sum, ns) => sum + ns, 0)
  return total > 0 ? total / 1e6 : null
}

/** `utime` and `stime`: fields 14 and 15 of proc_pid_stat(5). The name before them may have blanks. */
function tickMs(pid: number): number | null {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isNaN(ticks) ? null : ticks * MS_PER_TICK
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
