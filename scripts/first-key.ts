import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

import { readDevVars } from './dev-vars.ts'

type Env = Readonly<Record<string, string>>

/** Where somebody at a shell finds the secrets of a server. */
export interface Kept {
  /** What the Worker has: secrets, settings and the variables of wrangler.toml. */
  readonly env: Env
  readonly envFile: string
  /** By name, what prints those that a store of this machine keeps. */
  readonly commands?: ReadonlyMap<string, string>
}

/**
 * A line for a shell that puts a secret into a variable without showing it; a comment that says
 * where it is when no store has it and no plain line of the file.
 */
export function keyLine(name: string, { envFile, env, commands }: Kept): string {
  const command = commands?.get(name)
  if (command !== undefined) return `export ${name}="$(${command})"`
  const file = relative(process.cwd(), envFile)
  if (fromFile(envFile)[name] !== env[name]) {
    return `# ${name}: use the value that npm start was given`
  }
  const lines = readFileSync(envFile, 'utf8').split('\n')
  const plain = lines.filter((line) => line.startsWith(`${name}=`))
  if (plain.length !== 1 || plain[0] !== `${name}=${env[name]}`) {
    return `# ${name}: use its value in ${file}`
  }
  return `export ${name}="$(sed -n 's/^${name}=//p' ${shellWord(file)})"`
}

/** The variables of a file; none when it cannot be read. */
export function fromFile(envFile: string): Env {
  try {
    return readDevVars(envFile)
  } catch {
    return {}
  }
}

/** Text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
