import type { Command } from 'commander'

import { clientOf } from './client.ts'
import type { Client } from './client.ts'
import { misuse } from './exit.ts'
import { readSpan } from './moment.ts'
import { placeOf } from './place.ts'
import type { Screen } from './screen.ts'

/** What a command works with. */
export interface Session {
  readonly client: Client
  readonly screen: Screen
  /** Answers for programs are wanted. */
  readonly json: boolean
  /** ms that were asked for with --timeout, if any. */
  readonly patience: number | undefined
  readonly now: () => number
  /** Fires at SIGINT, SIGTERM and SIGHUP. */
  readonly stop: AbortSignal
}

/** What the process gives. */
export interface World {
  readonly env: NodeJS.ProcessEnv
  readonly folder: string
  readonly screen: Screen
  readonly now: () => number
  readonly stop: AbortSignal
}

/** @throws Failure, see `placeOf`. */
export type Open = (command: Command) => Session

interface Globals {
  readonly url?: string
  readonly insecure?: boolean
  readonly json?: boolean
  readonly timeout?: string
}

const PATIENCE_MS = 30_000

/** Opens sessions from the options that every command has. Nothing is sent yet. */
export function sessionsOf({ env, folder, screen, now, stop }: World): Open {
  return (command) => {
    const asked = command.optsWithGlobals<Globals>()
    const patience = asked.timeout === undefined ? undefined : readSpan(asked.timeout)
    if (patience === null || patience === 0) misuse('--timeout is a span such as 30s or 2m')
    const place = placeOf(asked, env, folder)
    screen.hide(place.token)
    const client = clientOf(place, { patience: patience ?? PATIENCE_MS, stop })
    return { client, screen, json: asked.json === true, patience, now, stop }
  }
}
