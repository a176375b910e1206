import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Wrong } from '../../scripts/catalog/problem.ts'
import { commandOf } from '../../scripts/workstation/ask.ts'
import type { Asking } from '../../scripts/workstation/ask.ts'
import { readReference } from '../../scripts/workstation/reference.ts'
import { answersTo, reference, standIns } from './stand-ins.ts'
import type { StandIns } from './stand-ins.ts'

const SECRET = 'sentinel-4711-of-a-store'

let base = ''
let stand: StandIns

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'outpost-stores-'))
  stand = standIns(join(base, 'bin'))
})

afterEach(() => rmSync(base, { recursive: true }))

function asked(texts: readonly string[], asking: Partial<Asking> = {}): Promise<string[]> {
  return answersTo(texts, { env: { PATH: stand.path }, ...asking })
}

async function one(text: string, asking: Partial<Asking> = {}): Promise<string> {
  const [answer = ''] = await asked([text], asking)
  return answer
}

/** [reference, executable, what it is run with, the same for a shell] */
const COMMANDS = [
  [
    'op://Private/GitHub key/token',
    'op',
    '<read> <--no-newline> <op://Private/GitHub key/token>',
    "op read --no-newline 'op://Private/GitHub key/token'",
  ],
  [
    'op://v/i/s/f',
    'op',
    '<read> <--no-newline> <op://v/i/s/f>',
    'op read --no-newline op://v/i/s/f',
  ],
  [
    'keychain://outpost/slack',
    'security',
    '<find-generic-password> <-s> <outpost> <-a> <slack> <-w>',
    'security find-generic-password -s outpost -a slack -w',
  ],
  [
    'keychain://gh%3Agithub.com',
    'security',
    '<find-generic-password> <-s> <gh:github.com> <-w>',
    'security find-generic-password -s gh:github.com -w',
  ],
  [
    'secret-tool://service=outpost&account=a%26b%3D%20c',
    'secret-tool',
    '<lookup> <--> <service> <outpost> <account> <a&b= c>',
    "secret-tool lookup -- service outpost account 'a&b= c'",
  ],
  ['pass://api/github', 'pass', '<show> <--> <api/github>', 'pass show -- api/github | head -n 1'],
  [
    'infisical://p-1/dev/NAME',
    'infisical',
    '<secrets> <get> <--projectId=p-1> <--env=dev> <--path=/> <--plain> <--silent> <--> <NAME>',
    "infisical secrets get '--projectId=p-1' '--env=dev' '--path=/' --plain --silent -- NAME",
  ],
  [
    'infisical://p-1/dev/apps/x/NAME',
    'infisical',
    '<secrets> <get> <--projectId=p-1> <--env=dev> <--path=/apps/x> <--plain> <--silent> <--> <NAME>',
    "infisical secrets get '--projectId=p-1' '--env=dev' '--path=/apps/x' --plain --silent -- NAME",
  ],
  [
    'doppler://backend/dev/NAME',
    'doppler',
    '<secrets> <get> <--project=backend> <--config=dev> <--plain> <--no-check-version> <--> <NAME>',
    "doppler secrets get '--project=backend' '--config=dev' --plain --no-check-version -- NAME",
  ],
] as const

describe('a reference', () => {
  it.each(COMMANDS)('%s is read by %s', async (text, executable, args, command) => {
    stand.add(executable, `printf '%s\\n' ${SECRET}`)
    expect(await one(text)).toBe(SECRET)
    expect(stand.runs()).toEqual([`${executable} ${args}`])
    expect(commandOf(reference(text))).toBe(command)
  })

  it.each([
    SECRET,
    '',
    '-op://a/b/c',
    ' op://a/b/c',
    'OP://a/b/c',
    'op:/a/b/c',
    'op://a/b',
    'op://a//c',
    'op://a/b/c/d/e',
    'op://a/b/otp?attribute=otp',
    'op://a/b/c\nd',
    'op://a/b/\u202Ec',
    'keychain://',
    'keychain://-w',
    'keychain://a/-w',
    'keychain://a/b/c',
    'keychain://a/%0a',
    'keychain://%E0%A4%A',
    'secret-tool://a',
    'secret-tool://a=',
    'secret-tool://--help=b',
    'secret-tool://a=-b',
    'secret-tool://a=b&',
    'pass://',
    'pass://-c',
    'pass://a/../b',
    'pass://a//b',
    'pass://%2Fetc/x',
    'infisical://p/NAME',
    'infisical://p/dev/-NAME',
    'infisical://p/dev//NAME',
    'doppler://p/NAME',
    'doppler://p/c/NAME/x',
    'doppler://p/c/--json',
  ])('%j is none', (text) => {
    expect(readReference(text)).toBeInstanceOf(Wrong)
  })

  it.each([SECRET, `op://${SECRET}`, `pass://-${SECRET}`, `keychain://a/${SECRET}/b`])(
    'that is none is not shown: %s',
    (text) => {
      expect((readReference(text) as Wrong).message).not.toContain('sentinel')
    },
  )
})

describe('several references', () => {
  const OPS = ['op://a/b/1', 'op://a/b/2', 'op://a/b/3', 'op://a/b/4']
  const CHAIN = ['keychain://1', 'keychain://2', 'keychain://3']
  const traced = () => {
    const log = join(stand.folder, 'log')
    return `echo begin >> '${log}'; sleep 0.3; echo end >> '${log}'; echo x`
  }

  /** How many ran at once, in the order in which they began. */
  function heights(): readonly number[] {
    let running = 0
    const marks = stand.runs().filter((each) => ['begin', 'end'].includes(each))
    return marks.flatMap((mark) => (mark === 'end' ? ((running -= 1), []) : [(running += 1)]))
  }

  it('are asked once each, however many want them', async () => {
    stand.add('op', `echo ${SECRET}`)
    expect(await asked(['op://a/b/1', 'op://a/b/1'])).toEqual([SECRET, SECRET])
    expect(stand.runs()).toHaveLength(1)
  })

  it('go one first, and then together', async () => {
    stand.add('op', traced())
    expect(await asked(OPS)).toEqual(['x', 'x', 'x', 'x'])
    expect(heights().slice(0, 2)).toEqual([1, 1])
    expect(Math.max(...heights())).toBeGreaterThan(1)
  })

  it('go one after the other where each may ask the person', async () => {
    stand.add('security', traced())
    expect(await asked(CHAIN)).toEqual(['x', 'x', 'x'])
    expect(heights()).toEqual([1, 1, 1])
  })

  it('are not asked again of a store that was not unlocked', async () => {
    stand.add('op', 'echo "not signed in" >&2; exit 1')
    stand.add('security', `echo ${SECRET}`)
    const said = await asked([...OPS, ...CHAIN])
    expect(said.slice(0, 4)).toEqual(OPS.map((text) => expect.stringContaining(`why: ${text}: `)))
    expect(said.slice(4)).toEqual([SECRET, SECRET, SECRET])
    expect(stand.runs().filter((each) => each.startsWith('op '))).toHaveLength(1)
  })

  it('are each asked where one item is missing', async () => {
    stand.add('op', `case "$3" in *1) echo "isn't an item" >&2; exit 1;; esac; echo ${SECRET}`)
    expect((await asked(OPS)).slice(1)).toEqual([SECRET, SECRET, SECRET])
  })
})

describe('the executable', () => {
  it.each(['node_modules/.bin', 'lib/node_modules/npm/node-gyp-bin'])(
    'is none that a package brings: %s',
    async (place) => {
      const packaged = standIns(join(base, place))
      packaged.add('op', 'echo stolen')
      stand.add('op', `echo ${SECRET}; case "$PATH" in *node*) exit 1;; esac`)
      const env = { PATH: [packaged.folder, stand.path].join(delimiter) }
      expect(await one('op://a/b/c', { env })).toBe(SECRET)
      expect(packaged.runs()).toEqual([])
    },
  )

  it('is none of a folder that is named from where one stands', async () => {
    stand.add('op', `echo ${SECRET}`)
    const env = { PATH: relative(process.cwd(), stand.folder) }
    expect(await one('op://a/b/c', { env })).toContain('`op` is not on PATH')
  })

  it('is run without a shell, and without an input', async () => {
    stand.add('pass', `cat; echo ${SECRET}`)
    expect(await one('pass://$(id);`id`')).toBe(SECRET)
    expect(stand.runs()).toEqual(['pass <show> <--> <$(id);`id`>'])
  })
})
