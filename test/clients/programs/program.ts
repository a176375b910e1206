import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Where a program is: in a folder that CLIENTS_BIN names, or on PATH.
 * @throws an error that says how to get it. A program that is missing is no test that passes.
 */
export function program(name: string, packageName: string): string {
  const folders = [process.env['CLIENTS_BIN'], process.env['PATH']]
    .flatMap((list) => list?.split(delimiter) ?? [])
    .filter((folder) => folder !== '')
  const found = folders.map((folder) => join(folder, name)).find(isProgram)
  if (found !== undefined) return found
  throw new Error(
    `${name} is neither on PATH nor in CLIENTS_BIN: npm install --prefix DIR ${packageName}, ` +
      'and CLIENTS_BIN=DIR/node_modules/.bin npm run clients',
  )
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
