import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { formatProblem } from '../../scripts/catalog/problem.ts'
import { checkWorkstation, readWorkstation } from '../../scripts/workstation/file.ts'
import { fill, misplaced } from '../../scripts/workstation/fill.ts'
import type { Places } from '../../scripts/workstation/fill.ts'
import { standIns } from './stand-ins.ts'
import type { StandIns } from './stand-ins.ts'

const SECRET = 'sentinel-4711-of-a-store'

let base = ''
let stand: StandIns

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'outpost-workstation-'))
  stand = standIns(join(base, 'bin'))
  stand.add('op', `echo ${SECRET}`)
})

afterEach(() => rmSync(base, { recursive: true }))

describe('workstation.yaml', () => {
  const checked = (text: string) => checkWorkstation('workstation.yaml', text)

  it('has a reference for each name', () => {
    const { references, problems } = checked('# mine\nA: op://v/i/f\nB: "keychain://s/a" # note\n')
    expect(problems).toEqual([])
    expect(Array.from(references, ([name, { text }]) => [name, text])).toEqual([
      ['A', 'op://v/i/f'],
      ['B', 'keychain://s/a'],
    ])
  })

  it.each(['', '# nothing yet\n', '{}\n'])('may be empty: %j', (text) => {
    expect(checked(text)).toEqual({ references: new Map(), problems: [] })
  })

  /** [what is wrong with it, the text, the problem] */
  it.each([
    ['a value', `A: ${SECRET}\n`, '1:4  A: expected a reference, which begins with op://,'],
    ['a number', 'A: 4711\n', '1:4  A: expected a reference'],
    ['nothing', 'A:\n', '1:1  A: expected a reference'],
    ['a list', `A: [${SECRET}]\n`, '1:4  A: expected a reference'],
    ['a reference of another form', 'A: op://v/i\n', '1:4  A: expected op://vault/item/'],
    ['lines of an env file', `A=${SECRET}\n`, '1:1  expected lines of NAME: reference'],
    ['a name that is none', 'A-B: op://v/i/f\n', '1:1  expected the name of a variable'],
    [
      'a key for a name',
      'ghp_0123456789abcdefghijABCDEFGHIJ012345: op://v/i/f\n',
      '1:1  expected the name of a variable',
    ],
    ['a name twice', 'A: op://v/i/f\nA: op://v/i/g\n', '2:1  A: '],
    ['no YAML', `A: "${SECRET}\n`, 'workstation.yaml:'],
  ])('is refused with %s, which is not shown', (_what, text, problem) => {
    const said = checked(text).problems.map((each) => formatProblem(each))
    expect(said).toEqual([expect.stringContaining(problem)])
    expect(said.join('')).not.toMatch(/sentinel|ghp_/)
  })

  it('is read from where it is, or is not there', () => {
    expect(readWorkstation(join(base, 'workstation.yaml'))).toBeNull()
    writeFileSync(join(base, 'workstation.yaml'), 'A: op://v/i/f\n')
    expect(readWorkstation(join(base, 'workstation.yaml'))?.references.size).toBe(1)
  })
})

const { references } = checkWorkstation(
  'w',
  'OP: op://v/i/f\nCHAIN: keychain://s\nOLD: op://v/i/old\n',
)

function filled(places: Partial<Places> = {}) {
  return fill({
    wanted: ['ENV', 'OP', 'CHAIN', 'FILE', 'UNSET'],
    environment: { PATH: stand.path },
    references,
    file: 'workstation.yaml',
    envVars: {},
    envFile: '.dev.vars',
    ...places,
  })
}

describe('the variables', () => {
  it('come from the environment, then from stores, then from the env file', async () => {
    const { env, lines, commands } = await filled({
      environment: { PATH: stand.path, ENV: 'environment', OP: '' },
      envVars: { ENV: 'file', OP: 'file', CHAIN: 'file', FILE: 'file', OTHER: 'file' },
    })
    expect(env).toMatchObject({ ENV: 'environment', OP: SECRET, FILE: 'file' })
    expect(env).not.toHaveProperty('UNSET')
    expect(lines).toEqual([
      'from the environment: ENV',
      'from 1Password, by workstation.yaml: OP',
      'from .dev.vars: FILE',
      'not asked for, since nothing that is enabled uses them: in workstation.yaml: OLD',
      'CHAIN is not set: keychain://s: `security` is not on PATH: install it (it is a part of macOS)',
    ])
    expect([...commands]).toEqual([['OP', 'op read --no-newline op://v/i/f']])
    expect(stand.runs()).toHaveLength(1)
  })

  it('of which a store does not give one have none, whatever the env file says', async () => {
    const { env } = await filled({ envVars: { CHAIN: 'the key of before' } })
    expect(env).not.toHaveProperty('CHAIN')
  })

  it('are not asked for where the environment has them', async () => {
    const { env, lines, commands } = await filled({
      environment: { PATH: stand.path, OP: 'environment', CHAIN: 'environment' },
    })
    expect(env).toMatchObject({ OP: 'environment', CHAIN: 'environment' })
    expect(lines[0]).toBe('from the environment: OP, CHAIN')
    expect([...commands]).toEqual([])
    expect(stand.runs()).toEqual([])
  })

  it('are told of only where there are references', async () => {
    const { env, lines } = await filled({ references: new Map(), envVars: { FILE: 'file' } })
    expect(env).toMatchObject({ FILE: 'file' })
    expect(lines).toEqual([])
  })

  it('are in no line', async () => {
    const { lines } = await filled({ envVars: { FILE: SECRET }, environment: { ENV: SECRET } })
    expect(lines.join('\n')).not.toContain('sentinel')
  })
})

describe('a reference in the place of a value', () => {
  it.each([
    ['op://v/i/f', [['A', 'reference']]],
    [' keychain://x', [['A', 'reference']]],
    ['vault://kv/a#b', [['A', 'uri']]],
    ['aws-sm://eu-west-1/a', [['A', 'uri']]],
    ['https://x.test', []],
    ['oop://v/i/f', []],
    ['', []],
  ])('is found: %j', (value, names) => {
    expect([...misplaced({ A: value, B: 'op://v/i/f' }, ['A'])]).toEqual(names)
  })
})
