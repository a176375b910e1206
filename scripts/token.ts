import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'

import { messageOf, tell } from './terminal.ts'

const HELP = `Usage: npm run token -- set KEY [--data DIR] < FILE
       npm run token -- delete KEY [--data DIR]

Puts a token where \`bearer_redis\` finds it, for an installation that \`npm start\` serves. The token
is read from standard input, never from an argument, which other users of the machine could see.
The next call uses it: nothing has to be restarted.

  --data DIR  what that installation remembers (default: .outpost/data)

On Cloudflare: npx wrangler kv key put --binding TOKENS --remote KEY VALUE
`

/** Of wrangler.toml: the namespace that the Worker reads. */
const BINDING = 'TOKENS'

/** What was done wrong on the command line. */
class Misuse extends Error {}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      data: { type: 'string', default: join(import.meta.dirname, '../.outpost/data') },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const [command, key, ...rest] = positionals
  if (!key || rest.length > 0) throw new Misuse(HELP)
  const folder = folderOf(resolve(values.data))
  if (command === 'set') return set(folder, key, (await text(process.stdin)).trim())
  if (command === 'delete') return remove(folder, key)
  throw new Misuse(HELP)
}

/** @throws when nobody was served from there yet: a mistyped folder would swallow the token. */
function folderOf(data: string): string {
  if (!statSync(data, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`${data} is not there: run \`npm start\` first, or name it with --data`)
  }
  const folder = join(data, 'kv', BINDING)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Written beside and moved, so that a call reads the old one or the new one, whole. */
function set(folder: string, key: string, token: string): void {
  if (token === '') throw new Error('standard input is empty: nothing was changed')
  const file = join(folder, fileOf(key))
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, token, { mode: 0o600, flag: 'wx' })
  renameSync(draft, file)
  tell(`${key} is set`)
}

function remove(folder: string, key: string): void {
  rmSync(join(folder, fileOf(key)), { force: true })
  tell(`${key} is not set any more`)
}

/** As workerd/kv-service.js has it. */
function fileOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  tell(messageOf(error))
  process.exit(error instanceof Misuse ? 2 : 1)
}
