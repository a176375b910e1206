import { text } from 'node:stream/consumers'

import type { Command } from 'commander'

import { isGrantToken } from '../../src/presented.ts'
import { clientNamed } from './clients/named.ts'
import { textOf } from './clients/settings.ts'
import type { ClientSettings, Part } from './clients/settings.ts'
import { misuse } from './exit.ts'
import { originOf } from './place.ts'
import type { Asked } from './place.ts'
import type { Screen } from './screen.ts'
import { stdin } from './stdin.ts'

interface Options extends Asked {
  readonly client: string
  readonly grant: string
  readonly provider?: string
  readonly json?: boolean
}

/** What the command needs of the process. It asks no server, so it wants no operator's token. */
export interface Here {
  readonly env: NodeJS.ProcessEnv
  readonly stop: AbortSignal
}

/** `outpost env`: the settings that lead a client to Outpost. The agent's own token is printed with them. */
export function addEnv(program: Command, screen: Screen, { env, stop }: Here): void {
  program
    .command('env')
    .description('the settings that lead a client to Outpost; asks no server')
    .requiredOption('--client <name>', 'claude-code, codex, git, aws …: docs/clients.md')
    .requiredOption('--grant <token>', 'the token of its grant; - for standard input')
    .option('--provider <name>', 'the provider, where it is another than the usual one')
    .action(async (_: object, command: Command) => {
      const asked = command.optsWithGlobals<Options>()
      const client = clientNamed(asked.client)
      const where = { url: urlFor(client, asked, env), provider: providerOf(asked, client) }
      const token = await tokenOf(asked.grant, stop)
      const parts = client.settings({ ...where, token })
      if (asked.json) screen.json({ client: client.name, ...where, parts: parts.map(asJson) })
      else screen.say(...textOf(parts))
    })
}

function urlFor({ title, unreachable }: ClientSettings, asked: Asked, env: NodeJS.ProcessEnv) {
  const url = originOf(asked, env)
  const why = unreachable?.(new URL(url)) ?? null
  if (why !== null) misuse(`${title} cannot reach ${url}: ${why}`)
  return url
}

function providerOf({ provider }: Options, client: ClientSettings): string {
  if (provider === undefined) return client.provider
  return /^[a-zA-Z0-9_-]{1,100}$/.test(provider) ? provider : misuse('--provider is no name of one')
}

async function tokenOf(given: string, stop: AbortSignal): Promise<string> {
  const token = given === '-' ? (await text(stdin(stop))).trim() : given
  if (token.startsWith('gr_')) {
    misuse('that is the id of a grant. Its token begins with op_, and was shown when it was made')
  }
  // Nothing else is printed: it may be a secret that was put there by mistake.
  return isGrantToken(token) ? token : misuse('--grant is no token of a grant: op_ and 43 letters')
}

function asJson(part: Part): object {
  if ('text' in part) return { file: part.file, text: `${part.text.join('\n')}\n` }
  return part
}
