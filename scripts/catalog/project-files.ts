import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { compare } from './problem.ts'

/** A configuration file by the name that its problems are reported under. */
export interface Source {
  readonly file: string
  readonly text: string
}

/** The `.yaml` and `.yml` files of a folder in alphabetical order. @throws when there is no folder. */
export async function readFolder(root: string, folder: string): Promise<readonly Source[]> {
  const names = await readdir(resolve(root, folder))
  const files = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).toSorted(compare)
  return Promise.all(files.map((name) => readSource(root, join(folder, name))))
}

/** One file, named as seen from `root`. @throws when it cannot be read. */
export async function readSource(root: string, path: string): Promise<Source> {
  const absolute = resolve(root, path)
  return { file: shown(root, absolute), text: await readFile(absolute, 'utf8') }
}

/** One file, or null when it does not exist. */
export async function readIfThere(root: string, path: string): Promise<Source | null> {
  try {
    return await readSource(root, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Writes a file in one step that no reader sees half of; false when it says the same already. */
export async function writeChanged(file: string, text: string): Promise<boolean> {
  const before = await readFile(file, 'utf8').catch(() => null)
  if (before === text) return false
  await mkdir(dirname(file), { recursive: true })
  const unfinished = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
  await writeFile(unfinished, text)
  await rename(unfinished, file)
  return true
}

function shown(root: string, absolute: string): string {
  const path = relative(root, absolute)
  return path.startsWith('..') ? absolute : path.replaceAll('\\', '/')
}
