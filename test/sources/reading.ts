import { env } from 'cloudflare:workers'
import { expect } from 'vitest'

import { asking } from '../../src/sources/ask.ts'
import { SourceError } from '../../src/sources/backend.ts'
import type { Backend, Reading, Session } from '../../src/sources/backend.ts'
import { SENTINELS } from './world.ts'

export type SettingsOf = Readonly<Record<string, string | undefined>>

export interface TestReading extends Reading {
  /** What was asked, in order. */
  readonly asked: readonly Request[]
}

const overNetwork = asking((request, signal) => fetch(request, { signal }))

export function readingOf(
  settings: SettingsOf,
  rest: Partial<Pick<Reading, 'ask' | 'now' | 'sessions'>> = {},
): TestReading {
  const asked: Request[] = []
  const { ask = overNetwork, now = Date.now(), sessions = new Map<string, Session>() } = rest
  return {
    asked,
    now,
    sessions,
    setting: (name) => settings[name] ?? null,
    ask: (request) => {
      asked.push(request.clone())
      return ask(request)
    },
  }
}

/** The kind of the failure, which says nothing of what the backend holds or was sent. */
export async function failureOf(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => 'it was read',
    (each: unknown) => each,
  )
  if (!(error instanceof SourceError)) return String(error)
  const { message, stack, cause } = error
  const said = `${message} ${stack} ${String(cause)} ${cause instanceof Error ? cause.stack : ''}`
  expect(SENTINELS.filter((each) => said.includes(each))).toEqual([])
  return message
}

/** Reads that a build would have let through. */
export function readerOf(backend: Backend): (uri: string, reading: Reading) => Promise<string> {
  return async (uri, reading) => {
    expect(backend.problem(uri)).toBeNull()
    return backend.read(uri, reading)
  }
}

/** What every backend makes of an answer that is no right one. */
const FAULTS: Readonly<Record<string, string>> = {
  '401': 'denied',
  '403': 'denied',
  '404': 'missing',
  '410': 'missing',
  '429': 'busy',
  '500': 'busy',
  '502': 'busy',
  '503': 'busy',
  '418': 'malformed: status 418',
  '201': 'malformed: status 201',
  'no-content': 'malformed: status 204',
  html: 'malformed: not JSON',
  empty: 'malformed: not JSON',
  redirect: 'malformed',
  huge: 'malformed',
  gone: 'unreachable',
  cut: 'unreachable',
}

/** Faults and the failures that they are, with those that are a backend's own. */
export function faults(own: Readonly<Record<string, string>>): [fault: string, failure: string][] {
  return Object.entries({ ...FAULTS, ...own })
}

/** Tells a backend to forget the tokens of its logins. */
export async function expire(which: keyof typeof env.BACKENDS): Promise<void> {
  await (await fetch(`${env.BACKENDS[which]}/_expire`)).text()
}

/** What a backend was asked since the last time: method and target as they came. */
export async function seenBy(which: keyof typeof env.BACKENDS): Promise<readonly string[]> {
  const response = await fetch(`${env.BACKENDS[which]}/_seen`)
  return response.json()
}
