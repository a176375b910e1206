import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

import { Wrong } from '../catalog/problem.ts'
import type { Problem } from '../catalog/problem.ts'
import { looksLikeToken } from '../catalog/secret-names.ts'
import { isEmpty, isMapping } from '../catalog/word.ts'
import type { Tree } from '../catalog/word.ts'
import { YamlFile } from '../catalog/yaml.ts'
import { readReference } from './reference.ts'
import type { Reference } from './reference.ts'

/** The file of a checkout. */
export const WORKSTATION_FILE = 'workstation.yaml'

/** The references of a file by the names of the variables that they are for. */
export interface Workstation {
  readonly references: ReadonlyMap<string, Reference>
  /** The file counts for nothing when there is one. They show no value. */
  readonly problems: readonly Problem[]
}

/** Reads the file; null when there is none. @throws when it cannot be read. */
export function readWorkstation(path: string): Workstation | null {
  try {
    return checkWorkstation(shown(path), readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** `NAME: reference`, a line each, and nothing else. */
export function checkWorkstation(file: string, text: string): Workstation {
  const source = new YamlFile(file, text)
  const { tree } = source
  if (tree === undefined) return { references: new Map(), problems: source.problems }
  if (!isMapping(tree)) {
    const nothing = isEmpty(tree)
    const found = nothing ? [] : [source.problem([], 'expected lines of NAME: reference')]
    return { references: new Map(), problems: [...source.problems, ...found] }
  }
  const read = Object.entries(tree).map(([name, each]) => entryOf(source, name, each))
  return {
    references: new Map(
      read.flatMap((each) => ('reference' in each ? [[each.name, each.reference]] : [])),
    ),
    problems: [
      ...source.problems,
      ...read.flatMap((each) => ('problem' in each ? [each.problem] : [])),
    ],
  }
}

type Entry =
  | { readonly name: string; readonly reference: Reference }
  | { readonly problem: Problem }

function entryOf(source: YamlFile, name: string, found: Tree): Entry {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || looksLikeToken(name)) {
    const message =
      'expected the name of a variable (letters, digits and "_", such as GITHUB_TOKEN)'
    return { problem: { ...source.problem([name], message, 'key'), path: '' } }
  }
  const read = readReference(typeof found === 'string' ? found : '')
  return read instanceof Wrong
    ? { problem: source.problem([name], read.message) }
    : { name, reference: read }
}

function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}
