import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

import { demoKey } from './demo-upstream.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What a first start needs and nobody has to think up, with what is closed as long as it is missing. */
const GENERATED = [
  {
    name: 'OUTPOST_LOCAL_KEY',
    comment: 'What agents on this machine send as X-Outpost-Auth: the key of the host `local`.',
    without: 'every call from this machine is refused (401)',
    make: newKey,
  },
  {
    name: 'OUTPOST_ADMIN_TOKEN',
    comment: 'Opens /_outpost/, the control plane. For the operator; never give it to an agent.',
    without: 'no token changes anything in the control plane (/_outpost/)',
    make: newKey,
  },
  {
    name: 'OUTPOST_MASTER_KEY',
    comment: 'Seals the tokens that are minted for providers, where they are stored. Keep it.',
    without: 'calls to providers with minted tokens (OAuth, Groww) fail (502)',
    make: newKey,
  },
  {
    name: 'DEMO_API_KEY',
    comment: 'The credential of the provider `demo`: Outpost has it, agents never see it.',
    without: 'calls to the provider `demo` fail (502)',
    make: () => demoKey(newKey()),
  },
] as const

/** 256 random bits as 43 letters and digits. */
export function newKey(): string {
  let rest = BigInt(`0x${randomBytes(32).toString('hex')}`)
  let key = ''
  while (key.length < 43) {
    key = BASE62.charAt(Number(rest % 62n)) + key
    rest /= 62n
  }
  return key
}

/**
 * Writes the file (mode 0600) with new keys when there is none; an existing one is left as it is.
 * True when it was written.
 */
export function writeDevVars(file: string): boolean {
  const entries = GENERATED.map(({ name, comment, make }) => `# ${comment}\n${name}=${make()}\n`)
  const head = '# Secrets of this installation, made by `npm start`. Not for git. NAME=value.\n'
  try {
    writeFileSync(file, [head, ...entries].join('\n'), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * The variables of a file in the form that wrangler reads: `NAME=value`, quotes as one likes, `#`
 * begins a comment outside of quotes.
 *
 * @throws when it cannot be read.
 */
export function readDevVars(file: string): Readonly<Record<string, string>> {
  const variables = parseEnv(readFileSync(file, 'utf8'))
  return Object.fromEntries(Object.entries(variables).filter(isSet))
}

/** The environment over the file, as with dotenv. What is empty there counts as not set. */
export function withEnvironment(
  file: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  return { ...file, ...Object.fromEntries(Object.entries(environment).filter(isSet)) }
}

/** One line for each variable that a new file would have and these have not. */
export function missingVars(env: Readonly<Record<string, string>>): readonly string[] {
  return GENERATED.filter(({ name }) => !env[name]).map(
    ({ name, without }) => `${name} is not set: ${without}`,
  )
}

function isSet(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined && entry[1] !== ''
}
