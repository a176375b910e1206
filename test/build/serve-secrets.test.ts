import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { demoKey } from '../../scripts/demo-upstream.ts'
import {
  missingVars,
  newKey,
  readDevVars,
  withEnvironment,
  writeDevVars,
} from '../../scripts/dev-vars.ts'

let folder = ''
const file = () => join(folder, '.dev.vars')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-vars-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('a first start', () => {
  it('writes four different keys that nobody else can read', () => {
    expect(writeDevVars(file())).toBe(true)
    const vars = readDevVars(file())
    expect(Object.keys(vars).toSorted()).toEqual([
      'DEMO_API_KEY',
      'OUTPOST_ADMIN_TOKEN',
      'OUTPOST_LOCAL_KEY',
      'OUTPOST_MASTER_KEY',
    ])
    expect(new Set(Object.values(vars)).size).toBe(4)
    expect(Object.values(vars).every((key) => /^[0-9A-Za-z]{43}$/.test(key))).toBe(true)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(missingVars(vars)).toEqual([])
  })

  it('leaves a file alone that is there', () => {
    writeFileSync(file(), 'OUTPOST_LOCAL_KEY=mine\n')
    expect(writeDevVars(file())).toBe(false)
    expect(readFileSync(file(), 'utf8')).toBe('OUTPOST_LOCAL_KEY=mine\n')
    expect(missingVars(readDevVars(file()))).toEqual([
      expect.stringMatching(
        /^OUTPOST_ADMIN_TOKEN is not set: no token changes anything in the control/,
      ),
      expect.stringMatching(
        /^OUTPOST_MASTER_KEY is not set: calls to providers with minted tokens/,
      ),
      expect.stringMatching(/^DEMO_API_KEY is not set: calls to the provider `demo` fail/),
    ])
  })
})

describe('newKey', () => {
  it('uses the whole alphabet and never repeats', () => {
    const keys = Array.from({ length: 200 }, newKey)
    expect(new Set(keys).size).toBe(200)
    expect(new Set(keys.join('')).size).toBe(62)
  })
})

/** What wrangler 4.155.0 makes of the same lines (`unstable_getVarsForDev`). */
describe('readDevVars', () => {
  it.each([
    { line: 'A=abc', value: 'abc' },
    { line: 'A= abc ', value: 'abc' },
    { line: 'export A=abc', value: 'abc' },
    { line: 'A=abc # comment', value: 'abc' },
    { line: 'A=abc#def', value: 'abc' },
    { line: 'A="abc#def"', value: 'abc#def' },
    { line: "A='abc#def'", value: 'abc#def' },
    { line: 'A=a=b==', value: 'a=b==' },
    { line: 'A="two\\nlines"', value: 'two\nlines' },
    { line: 'A="two\nlines"', value: 'two\nlines' },
    { line: "A='two\\nlines'", value: 'two\\nlines' },
    { line: 'A=a$B', value: 'a$B' },
    { line: 'A=', value: undefined },
    { line: '#A=abc', value: undefined },
  ])('$line', ({ line, value }) => {
    writeFileSync(file(), `${line}\n`)
    expect(readDevVars(file())['A']).toBe(value)
  })
})

describe('withEnvironment', () => {
  it.each([
    { why: 'the environment goes first', environment: { A: 'shell' }, value: 'shell' },
    { why: 'the file fills in', environment: {}, value: 'file' },
    { why: 'empty is not set', environment: { A: '' }, value: 'file' },
  ])('$why', ({ environment, value }) => {
    expect(withEnvironment({ A: 'file' }, environment)['A']).toBe(value)
  })
})

describe('demoKey', () => {
  it('is known by its end', () => {
    const key = demoKey(newKey())
    expect(key).toHaveLength(43)
    expect(demoKey(key)).toBe(key)
    expect(demoKey(`x${key.slice(1)}`)).not.toBe(`x${key.slice(1)}`)
  })
})
