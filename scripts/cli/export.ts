import { constants, createWriteStream } from 'node:fs'
import { access, link, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { unreachable } from './client.ts'
import { EXIT, Failure, misuse } from './exit.ts'
import type { Session } from './session.ts'

export interface Export {
  /** `-` is standard output. */
  readonly file: string
  readonly tenant?: string
  /** Over a file that is there. */
  readonly force?: boolean
}

/**
 * Writes the chain of a tenant, raw, as the server streams it: no faster than it can be written. A
 * file is there whole or not at all, and for this user alone.
 */
export async function exportAudit(session: Session, wanted: Export): Promise<void> {
  const { screen } = session
  if (wanted.file === '-') {
    if (process.stdout.isTTY) misuse('--export - is for a pipe or a file, not for a terminal')
    await copy(session, wanted, process.stdout)
    return
  }
  const file = resolve(wanted.file)
  await checkFree(file, wanted.force === true)
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.part`)
  try {
    const out = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true })
    const records = await copy(session, wanted, out)
    await put(draft, file, wanted.force === true)
    screen.tell(`${records} records are in ${wanted.file}`)
  } finally {
    await rm(draft, { force: true })
  }
}

async function checkFree(file: string, force: boolean): Promise<void> {
  const there = await stat(file).catch(() => null)
  if (there && !there.isFile()) misuse(`${file} is there, and is no file`)
  if (there && !force) misuse(`${file} is there already: --force writes over it`)
  await access(dirname(file), constants.W_OK).catch(() =>
    misuse(`cannot write into ${dirname(file)}`),
  )
}

/** Without --force it replaces nothing, not even what came in the meantime. */
async function put(draft: string, file: string, force: boolean): Promise<void> {
  if (force) return rename(draft, file)
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') misuse(`${file} is there already: --force writes over it`)
    return rename(draft, file) // a file system without links
  })
}

/** Returns the number of records. */
async function copy(session: Session, { tenant }: Export, to: Writable): Promise<number> {
  const { client, stop } = session
  const response = await client.stream({
    path: '/_outpost/audit',
    query: { tenant },
    accept: 'application/x-ndjson',
  })
  let records = 0
  const lines = new Transform({
    transform(chunk: Uint8Array, _, done) {
      records += chunk.reduce((sum, byte) => sum + Number(byte === LF), 0)
      done(null, chunk)
    },
  })
  try {
    await pipeline(response.body ?? [], lines, to, { end: to !== process.stdout })
  } catch (error) {
    stop.throwIfAborted()
    // What the file system says stays what it is: a full disk is no fault of the server's.
    throw isOurs(error)
      ? new Failure(EXIT.unexpected, error.message)
      : unreachable(error, client.origin)
  }
  return records
}

const LF = 10

function isOurs(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}
