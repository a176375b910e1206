import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { Wrong } from '../../scripts/catalog/problem.ts'
import { askAll } from '../../scripts/workstation/ask.ts'
import type { Asking } from '../../scripts/workstation/ask.ts'
import { readReference } from '../../scripts/workstation/reference.ts'
import type { Reference } from '../../scripts/workstation/reference.ts'

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

export function reference(text: string): Reference {
  const read = readReference(text)
  if (read instanceof Wrong) throw new Error(read.message)
  return read
}

/** What each of these is answered with: a value, or why there is none. */
export async function answersTo(texts: readonly string[], asking: Asking): Promise<string[]> {
  const answers = await askAll(texts.map(reference), asking)
  return texts.map((text) => {
    const answer = answers.get(text)
    return answer && 'value' in answer ? answer.value : `why: ${answer?.why}`
  })
}
