import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Where a program is: in a folder that CLIENTS_BIN names, or on PATH.
 * @throws an error that says how to get it. A program that is missing is no test that passes.
 */
export function program(name: string, packageName: string): string {
  const found = foundAs(name)[0]
  if (found !== undefined) return found
  throw new Error(
    `${name} is neither on PATH nor in CLIENTS_BIN: npm install --prefix DIR ${packageName}, ` +
      'and CLIENTS_BIN=DIR/node_modules/.bin npm run clients',
  )
}

/**
 * The first Python that has a module: a machine may have several.
 * @throws an error that names Debian's package of it.
 */
export function python(module: string, packageName: string): string {
  const found = foundAs('python3').find(
    (each) => spawnSync(each, ['-c', `import ${module}`]).status === 0,
  )
  if (found !== undefined) return found
  throw new Error(`no python3 on PATH has ${module}: apt-get install ${packageName}`)
}

function foundAs(name: string): readonly string[] {
  return [process.env['CLIENTS_BIN'], process.env['PATH']]
    .flatMap((list) => list?.split(delimiter) ?? [])
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
