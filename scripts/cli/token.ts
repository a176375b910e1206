import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

import type { Command } from 'commander'

import { misuse } from './exit.ts'
import { askHidden } from './hidden.ts'
import type { Open, Session } from './session.ts'
import { stdin } from './stdin.ts'

/** `outpost token …`: the tokens that operators renew themselves (`bearer_redis`). */
export function addToken(program: Command, open: Open): void {
  const token = program
    .command('token')
    .helpCommand(false)
    .description('tokens of providers with `bearer_redis`; they can be written, never read')
  token
    .command('set <key>')
    .description('store a token: from standard input, or typed unseen; never an argument')
    .option('--file <file>', 'from this file')
    .action(async (key: string, { file }: { readonly file?: string }, command: Command) => {
      const path = pathOf(key)
      const session = open(command)
      const value = (await valueOf(file, session)).trim()
      if (value === '') misuse('the token is empty: nothing was changed')
      session.screen.hide(value)
      await session.client.json({ method: 'PUT', path, body: { value } })
      report(session, key, true)
    })
  token
    .command('delete <key>')
    .description('forget it; it does not matter whether there is one')
    .action(async (key: string, _: object, command: Command) => {
      const session = open(command)
      await session.client.json({ method: 'DELETE', path: pathOf(key) })
      report(session, key, false)
    })
}

function pathOf(key: string): string {
  if (/^\.{0,2}$/.test(key)) misuse('the KEY is the redis_key of a provider')
  return `/_outpost/tokens/${encodeURIComponent(key)}`
}

async function valueOf(file: string | undefined, session: Session): Promise<string> {
  if (file === undefined) {
    if (process.stdin.isTTY) return askHidden('Token (it is not shown): ', session.stop)
    return text(stdin(session.stop))
  }
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return misuse(`--file ${file}: this file cannot be read`)
  }
}

function report({ screen, json }: Session, key: string, set: boolean): void {
  if (json) screen.json({ key, set })
  else screen.say(set ? `${key} is set` : `${key} is not set any more`)
}
