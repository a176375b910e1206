import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll } from 'vitest'

import { clientNamed } from '../../scripts/cli/clients/named.ts'
import type { Where } from '../../scripts/cli/clients/settings.ts'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** How long before its end the program had printed this, ms; null: it never had. */
  readonly lead: (text: string) => number | null
}

export interface Home {
  readonly path: string
  /**
   * Runs a program with nothing of this process's environment, and with the settings that `outpost env`
   * prints for `client`: its files are written, its lines go through a shell.
   */
  readonly run: (settings: Settings, ...command: readonly string[]) => Promise<Ran>
  /** Which of its files have this text in them. */
  readonly filesWith: (text: string) => readonly string[]
}

interface Settings {
  readonly client: string
  readonly where: Where
  readonly env?: Readonly<Record<string, string>>
}

/** A home directory of its own for the tests of one file. It is taken away at their end. */
export function aHome(): Home {
  const path = mkdtempSync(join(tmpdir(), 'outpost-home-'))
  mkdirSync(join(path, 'work'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return {
    path,
    run: ({ client, where, env = {} }, ...command) => {
      const script = [...settle(client, where, path), 'exec "$@"'].join('\n')
      return runIn(path, env, ['sh', '-c', script, 'sh', ...command])
    },
    filesWith: (text) =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => readFileSync(file).includes(text)),
  }
}

/** Writes what is for files, and returns what is for a shell. */
function settle(client: string, where: Where, home: string): readonly string[] {
  return clientNamed(client)
    .settings(where)
    .flatMap((part) => {
      if ('shell' in part) return part.shell
      if ('steps' in part) return []
      const file = part.file.replace('~', home)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${part.text.join('\n')}\n`)
      return []
    })
}

function runIn(
  home: string,
  extra: Readonly<Record<string, string>>,
  [program = '', ...args]: readonly string[],
): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    // What would go anywhere but to this machine goes nowhere.
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1',
    ...extra,
  }
  return new Promise((done, fail) => {
    const cwd = join(home, 'work')
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said: { readonly text: string; readonly at: number }[] = []
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.push({ text: (out += text), at: performance.now() })
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', fail)
    child.on('close', (code) => {
      const end = performance.now()
      const lead = (text: string) => {
        const first = said.find((each) => each.text.includes(text))
        return first ? end - first.at : null
      }
      done({ code, out, err, lead })
    })
  })
}
