import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Executables that stand in for those of the vendors. */
export interface StandIns {
  /** A PATH that has them, and what a shell script needs. */
  readonly path: string
  readonly folder: string
  /** Writes one: a shell script that notes its arguments, and then does this. */
  readonly add: (name: string, body: string) => void
  /** What was run so far: the name, and each argument in `<>`. */
  readonly runs: () => readonly string[]
}

export function standIns(folder: string): StandIns {
  mkdirSync(folder, { recursive: true })
  const log = join(folder, 'log')
  return {
    path: [folder, '/usr/bin', '/bin'].join(delimiter),
    folder,
    add: (name, body) => {
      const file = join(folder, name)
      const note = `{ printf '%s' ${name}; printf ' <%s>' "$@"; echo; } >> '${log}'`
      writeFileSync(file, `#!/bin/sh\n${note}\n${body}\n`)
      chmodSync(file, 0o755)
    },
    runs: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  }
}
