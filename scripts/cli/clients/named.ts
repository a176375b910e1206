import { misuse } from '../exit.ts'
import { AGENTS } from './agents.ts'
import type { ClientSettings } from './settings.ts'
import { TOOLS } from './tools.ts'

/** Every client whose settings are known, in the order of docs/clients.md. */
export const CLIENTS: readonly ClientSettings[] = [...AGENTS, ...TOOLS]

/** @throws Failure, usage: there is none of that name. The message lists them. */
export function clientNamed(name: string): ClientSettings {
  const found = CLIENTS.find((each) => each.name === name)
  return (
    found ??
    misuse(`no such client: --client is one of ${CLIENTS.map((each) => each.name).join(', ')}`)
  )
}
