import { resolve } from 'node:path'

import { readDevVars } from '../dev-vars.ts'
import { EXIT, Failure, misuse } from './exit.ts'

/** Where `npm start` serves. */
export const DEFAULT_URL = 'http://127.0.0.1:8788'

/** The server and the operator's token for it. The token goes nowhere else. */
export interface Place {
  /** Scheme, host and port. */
  readonly origin: string
  readonly token: string
}

export interface Asked {
  readonly url?: string | undefined
  readonly insecure?: boolean | undefined
}

/**
 * Where to send, and as whom: `--url`, else OUTPOST_URL, else this machine; OUTPOST_ADMIN_TOKEN,
 * else, for this machine, that of `.dev.vars` in `folder`.
 *
 * @throws Failure, usage: no address, or one where the token would travel in the clear.
 * @throws Failure, denied: no token.
 */
export function placeOf(asked: Asked, env: NodeJS.ProcessEnv, folder: string): Place {
  const url = urlOf(asked, env)
  const local = isLoopback(url.hostname)
  rejectOpen(url, asked, "the operator's token")
  return { origin: url.origin, token: tokenOf(env, local ? folder : null) }
}

/**
 * Where an agent is to send, with no token of an operator: `--url`, else OUTPOST_URL, else this machine.
 * @throws Failure, usage: no address, or one where the agent's token would travel in the clear.
 */
export function originOf(asked: Asked, env: NodeJS.ProcessEnv): string {
  const url = urlOf(asked, env)
  rejectOpen(url, asked, "the agent's token")
  return url.origin
}

function rejectOpen({ protocol, hostname, origin }: URL, asked: Asked, what: string): void {
  if (protocol !== 'http:' || isLoopback(hostname) || asked.insecure === true) return
  misuse(`${origin}: http:// would show ${what} on the way; use https://`)
}

/** Whether the server is one of this machine. @throws Failure, usage. */
export function isHere(asked: Asked, env: NodeJS.ProcessEnv): boolean {
  return isLoopback(urlOf(asked, env).hostname)
}

function urlOf(asked: Asked, env: NodeJS.ProcessEnv): URL {
  return readUrl(asked.url ?? (env['OUTPOST_URL'] || DEFAULT_URL))
}

/** `folder`: whose `.dev.vars` may be read. */
function tokenOf(env: NodeJS.ProcessEnv, folder: string | null): string {
  const found = env['OUTPOST_ADMIN_TOKEN']?.trim() || (folder === null ? '' : ofDevVars(folder))
  if (found === '') {
    const also = folder === null ? '' : ', or go to the folder whose .dev.vars has it'
    throw new Failure(EXIT.denied, `no operator's token: set OUTPOST_ADMIN_TOKEN${also}`)
  }
  // A header takes no other characters, and the error that `fetch` throws shows the value.
  if (!/^[\x21-\x7e]+$/.test(found)) {
    misuse('OUTPOST_ADMIN_TOKEN has characters that no token has, such as blanks')
  }
  return found
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : misuse('the URL of the server cannot be read')
  if (!['http:', 'https:'].includes(url.protocol)) misuse('the URL of the server is no http(s)://')
  if (url.username !== '' || url.password !== '') {
    misuse('the URL of the server has a user or a password in it: take them out')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    misuse(`the URL of the server ends after its host: ${url.origin}`)
  }
  return url
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function ofDevVars(folder: string): string {
  try {
    return readDevVars(resolve(folder, '.dev.vars'))['OUTPOST_ADMIN_TOKEN']?.trim() ?? ''
  } catch {
    return '' // no such file, or not for this user: as if there were none
  }
}
