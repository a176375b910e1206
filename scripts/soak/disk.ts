import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

import { secretsIn } from './sentinels.ts'

/** What one part of the data directory takes. */
export interface Part {
  readonly name: string
  readonly files: number
  readonly bytes: number
}

/** So much is read at once; a secret on the edge is in the next piece too. */
const PIECE = 4 * 2 ** 20
const OVERLAP = 256

/** Parts by class of object; the rest by the first folder, or file. */
export function partsOf(dataDir: string): readonly Part[] {
  const sums = new Map<string, Part>()
  for (const file of filesIn(dataDir)) {
    const [first = '', second = ''] = relative(dataDir, file).split(sep)
    const name = first === 'objects' ? second : first
    const known = sums.get(name) ?? { name, files: 0, bytes: 0 }
    const bytes = known.bytes + statSync(file).size
    sums.set(name, { name, files: known.files + 1, bytes })
  }
  return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes)
}

/** Secrets in files where none may be: all but the tokens that an operator stores, docs/storage.md. */
export function secretsOnDisk(dataDir: string): readonly string[] {
  const found = new Set<string>()
  for (const file of filesIn(dataDir)) {
    const name = relative(dataDir, file)
    if (name.startsWith(join('kv', 'TOKENS'))) continue
    for (const text of pieces(file)) {
      for (const secret of secretsIn(text)) found.add(`${secret} in ${name}`)
    }
  }
  return [...found]
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}

function* pieces(file: string): Iterable<string> {
  const descriptor = openSync(file, 'r')
  const buffer = Buffer.alloc(PIECE + OVERLAP)
  try {
    for (let at = 0; ; at += PIECE) {
      const bytes = readSync(descriptor, buffer, 0, buffer.length, at)
      if (bytes === 0) return
      yield buffer.latin1Slice(0, bytes)
      if (bytes < buffer.length) return
    }
  } finally {
    closeSync(descriptor)
  }
}
