import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { lineOf, link, textOf } from '../../src/audit/chain.ts'
import type { LedgerRecord } from '../../src/audit/record.ts'
import vectors from '../vectors/audit_chain.json'

const SCRIPT = join(import.meta.dirname, '../../scripts/verify-audit.ts')
const folder = mkdtempSync(join(tmpdir(), 'verify-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const RECORDS = vectors.records as unknown as readonly LedgerRecord[]
const LINES = RECORDS.map((record) => lineOf(record))
const headAt = (seq: number): string => `${seq}:${RECORDS[seq - 1]?.hash ?? ''}`
const text = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`)

let files = 0
function fileOf(content: Buffer): string {
  const file = join(folder, `${(files += 1)}.ndjson`)
  writeFileSync(file, content)
  return file
}

interface Outcome {
  readonly code: number
  readonly out: string
  readonly complaint: string
}

function run(args: readonly string[], input?: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [SCRIPT, ...args], (error, out, complaint) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, complaint })
    })
    child.stdin?.end(input)
  })
}

describe('verify-audit', () => {
  it.each<[string, Buffer, readonly string[], number, string]>([
    ['a whole chain', text(LINES), [], 0, 'ok: every record follows'],
    ['without a last line end', Buffer.from(LINES.join('\n')), [], 0, 'records  4, from seq 1'],
    ['its tenant', text(LINES), ['--tenant', 'acme'], 0, 'start    genesis'],
    ['a head that was noted', text(LINES), ['--head', headAt(2)], 0, `given    ${headAt(2)}\n`],
    ['the head to note', text(LINES), [], 0, `head     ${headAt(4)}\n`],
    ['another tenant', text(LINES), ['--tenant', 'other'], 1, 'seq 1: wrong start'],
    ['truncated', text(LINES.slice(0, 2)), ['--head', headAt(4)], 1, 'seq 3 to 4: truncated'],
    [
      'edited',
      text(LINES.with(2, LINES[2]?.replace('admin', 'nobody') ?? '')),
      [],
      1,
      'seq 3: edited',
    ],
    ['removed', text(LINES.toSpliced(1, 1)), [], 1, 'seq 2: removed'],
    ['line ends of Windows', Buffer.from(LINES.join('\r\n')), [], 1, 'seq 1 to 3: respelt'],
    [
      'bytes that are not UTF-8',
      Buffer.concat([text(LINES.slice(0, 1)), Buffer.from([0xff, 0x0a]), text(LINES.slice(2))]),
      [],
      1,
      'seq 2: unreadable',
    ],
    [
      'an export from the head on',
      text(LINES.slice(2)),
      ['--head', headAt(2)],
      0,
      'start    given head',
    ],
  ])('%s', async (_, content, args, code, line) => {
    const fromFile = await run([fileOf(content), ...args])
    expect(fromFile).toMatchObject({ code, complaint: '' })
    expect(fromFile.out).toContain(line)
    expect(await run(args, content)).toEqual(fromFile)
  })

  it.each<[string, readonly string[], Buffer]>([
    ['an empty export', [], Buffer.alloc(0)],
    ['something else', [], Buffer.from('{"events":[]}\n')],
    ['a file that is not there', [join(folder, 'none')], Buffer.alloc(0)],
    ['two files', ['a', 'b'], text(LINES)],
    ['a head without a hash', ['--head', '4'], text(LINES)],
    ['an unknown option', ['--heads', headAt(4)], text(LINES)],
  ])('cannot check %s', async (_, args, input) => {
    const { code, out, complaint } = await run(args, input)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(complaint).not.toBe('')
  })

  it('does not call a chain good when the head cannot be looked for', async () => {
    const [first, second] = RECORDS
    if (!first || !second) throw new Error('no vectors')
    const control = {
      at: '2026-12-24T00:00:00.000Z',
      action: 'audit.pruned',
      by: 'outpost',
      target: 'acme',
      details: { through: 1, hash: first.hash, records: 1, faults: 0 },
    }
    const rest = { kind: 'control', control, seq: 3, tenant: 'acme', recorded: control.at } as const
    const pruned = { ...rest, prev: second.hash, hash: link(textOf(rest), second.hash) }
    const content = text([lineOf(second), lineOf(pruned)])
    const newer = await run(['--head', headAt(2)], content)
    expect(newer).toMatchObject({ code: 0, complaint: '' })
    expect(newer.out).toContain('start    checkpoint')
    const early = await run(['--head', `0:${vectors.genesis}`], content)
    expect(early.code).toBe(2)
    expect(early.complaint).toContain('pruned')
  })

  it('says how it is used', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    expect(out).toContain('--head SEQ:HASH')
  })
})
