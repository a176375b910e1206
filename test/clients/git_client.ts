import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll } from 'vitest'

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number
  /** Of both streams. */
  readonly said: string
}

export interface GitFolder {
  readonly path: string
  /** Runs git in the folder, or one below it, whatever becomes of it. */
  readonly run: (args: readonly string[], options?: GitOptions) => Promise<Ran>
  /** The same, and it has to succeed. */
  readonly git: (...args: readonly string[]) => Promise<string>
}

interface GitOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A folder of its own for the repositories of a test, and git as a fresh machine has it. */
export function gitFolder(): GitFolder {
  const path = mkdtempSync(join(tmpdir(), 'outpost-git-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))

  const run: GitFolder['run'] = (args, { cwd = '.', env = {} } = {}) =>
    new Promise((done, fail) => {
      const child = spawn('git', args, {
        cwd: join(path, cwd),
        env: {
          PATH: process.env['PATH'],
          HOME: path,
          GIT_CONFIG_NOSYSTEM: '1',
          GIT_TERMINAL_PROMPT: '0',
          GIT_AUTHOR_NAME: 'Ann',
          GIT_AUTHOR_EMAIL: 'ann@example.com',
          GIT_COMMITTER_NAME: 'Ann',
          GIT_COMMITTER_EMAIL: 'ann@example.com',
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString()
        })
      }
      child.on('error', fail)
      child.on('close', (code) => done({ code: code ?? -1, said }))
    })
  return {
    path,
    run,
    git: async (...args) => {
      const { code, said } = await run(args)
      if (code !== 0) throw new Error(`git ${args.join(' ')}: ${said}`)
      return said
    },
  }
}
