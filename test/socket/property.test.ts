import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { sentAs } from '../../scripts/fuzz/expected.ts'
import { outpost } from './outpost.ts'
import { ask, head, KEY, values } from './wire.ts'

const at = outpost()

/** A few seconds for each property, and more where nobody waits. A failure prints its seed. */
const RUNS = { numRuns: process.env['CI'] ? 5000 : 2500 }
const LIMIT_MS = 60_000

const TOKENS = (
  'a b Z 0 . .. ... ; / // \\ | ~ ! $ & = + , @ : * ( ) [ ] { } ^ ` " < > % %2 %zz %2e %2E %2f %2F ' +
  "%5c %25 %252e %252F %00 %0a %20 %41 %c3%a9 %ff %EF%BC%8F %EF%BC%8E %E2%80%A5 ? ?? # ' p plain " +
  'admin _outpost healthz _method api_key http://x ftp://y //z \xc3\xa9 \xe9 \t'
).split(' ')

const HOST_TOKENS = (
  'h H a.b / \\ ? # @ : :80 :0 :99999 . .. [ ] [::1] %2f % _ - , ; & = 127.1 outpost.test ' +
  'plain.outpost.test admin \xc3\xa9 \xe9 \t'
).split(' ')

const bytes = fc
  .array(fc.integer({ min: 0x21, max: 0xff }), { maxLength: 24 })
  .map((all) => String.fromCharCode(...all))

const target = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.constantFrom(...TOKENS), { maxLength: 9 })
      .map((all) => `/${all.join('')}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom(...TOKENS), { maxLength: 6 })
      .map((all) => `/${all.join('/')}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom(...TOKENS), { minLength: 1, maxLength: 6 })
      .map((all) => all.join('')),
  },
  { weight: 1, arbitrary: bytes.map((text) => `/${text}`) },
  { weight: 1, arbitrary: fc.webUrl({ withQueryParameters: true, withFragments: true }) },
)

const host = fc.oneof(
  { weight: 6, arbitrary: fc.constant('proxy.test') },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom(...HOST_TOKENS), { maxLength: 4 })
      .map((all) => all.join('')),
  },
  { weight: 1, arbitrary: bytes },
)

const BASES: Readonly<Record<string, string>> = { plain: '/base', slashes: '/base', root: '' }

interface Told {
  readonly id: string
  /** What was forwarded below the base, or null. */
  readonly forwarded: string | null
}

/** Sends it, and checks that it is refused or forwarded as it is; nothing else. */
async function sendOne(text: string, hostText: string, provider: string): Promise<Told> {
  const before = at.upstream.all.length
  const request = head(`GET ${text} HTTP/1.1`, `Host: ${hostText}`, KEY, `X-Provider: ${provider}`)
  const answer = await ask(at.port, request)
  if (!answer) throw new Error('no answer')
  const seen = at.upstream.all.slice(before)
  const [id = ''] = values(answer, 'x-outpost-request-id')
  const [code] = values(answer, 'x-proxy-error')
  if (seen.length === 0) {
    const allowed = id === '' ? [400, 414, 431, 501] : [400, 401, 403, 404]
    expect(allowed).toContain(answer.status)
    if (id !== '') expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code } })
    return { id, forwarded: null }
  }
  expect(seen).toHaveLength(1)
  const forwarded = seen[0]?.target ?? ''
  const base = BASES[provider] ?? ''
  expect(forwarded).toBe(base + sentAs(text))
  return { id, forwarded: forwarded.slice(base.length) }
}

/** What is written down is what `decide` saw. */
async function expectLogged(told: readonly Told[]): Promise<void> {
  const passed = told.filter(({ forwarded }) => forwarded !== null)
  await at.logged(passed.at(-1)?.id ?? '')
  const lines = new Map(at.log().map((line) => [line.id, line]))
  for (const { id, forwarded } of passed) {
    expect(lines.get(id)).toMatchObject({ decision: 'allow', path: forwarded?.split('?', 1)[0] })
  }
}

describe('whatever bytes come in', () => {
  const told: Told[] = []

  it(
    'what was decided on is what the upstream got, or nothing was sent',
    async () => {
      const provider = fc.constantFrom(...Object.keys(BASES))
      const property = fc.asyncProperty(target, host, provider, async (text, hostText, name) => {
        told.push(await sendOne(text, hostText, name))
      })
      await fc.assert(property, RUNS)
      const forwarded = told.filter((each) => each.forwarded !== null).length
      // Else the generator has become too wild to say anything.
      expect(forwarded).toBeGreaterThan(told.length / 20)
      await expectLogged(told)
    },
    LIMIT_MS,
  )
})

const twice = (text: string): string => text.replaceAll('%', '%25')

function escaped(char: string): string {
  return Array.from(
    new TextEncoder().encode(char),
    (byte) => `%${byte.toString(16).padStart(2, '0')}`,
  ).join('')
}

/** The ways to write a letter: as it is, other case, escaped once or twice, full-width. */
function spellingsOfLetter(letter: string): string[] {
  const wide = String.fromCharCode(letter.charCodeAt(0) + 0xfee0)
  const once = [letter, letter.toUpperCase(), wide].map((each) => escaped(each))
  const all = [...once, ...once.map((each) => each.toUpperCase())]
  return [letter, letter, letter, letter.toUpperCase(), ...all, ...all.map((each) => twice(each))]
}

const word = fc
  .tuple(...Array.from('admin', (letter) => fc.constantFrom(...spellingsOfLetter(letter))))
  .map((letters) => letters.join(''))

const slash = fc.constantFrom(
  ...'/ / / // /// /./ /%2e/ /x/../ /x/%2E%2e/ /; /;x/ %2F %2f %252f \\ %5c %EF%BC%8F /%20/../ /.;/'.split(
    ' ',
  ),
)
const after = fc.constantFrom('', ';', ';x=1', '%3B', '%3bx', '%253B', '%EF%BC%9B')
const tail = fc.constantFrom(
  ...',users,users/,%20,%25,100%25,%25zz,%25ff,%25c3%25a9,%C3%A9,x?y,;,?/admin,%EF%BC%85,users%2Fx'.split(
    ',',
  ),
)

const denied = fc.tuple(slash, word, after, slash, tail).map((parts) => parts.join(''))

/** What the most obliging of servers may take a path for. */
function lenient(path: string): string {
  let text = path
  for (let last = ''; last !== text;) {
    last = text
    const decoded = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => decodedRun(run))
    text = decoded.normalize('NFKC').replaceAll('\\', '/')
  }
  const bare = text.replaceAll(/;[^/]*/g, '').replaceAll(/\/{2,}/g, '/')
  const kept: string[] = []
  for (const segment of bare.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '.' && segment !== '') kept.push(segment)
  }
  return `/${kept.join('/')}`.toLowerCase()
}

function decodedRun(run: string): string {
  return Buffer.from(run.replaceAll('%', ''), 'hex').toString()
}

describe('a path that is denied', () => {
  it('is read by the model as it should be', () => {
    expect(lenient('/%2561DMIN;x//users/')).toBe('/admin/users')
    expect(lenient('/x/%2e%2e/%EF%BD%81dmin%2F')).toBe('/admin')
    expect(lenient('/%2561dmin/100%25')).toBe('/admin/100%')
    expect(lenient('/x/admin')).toBe('/x/admin')
  })

  it(
    'passes in no spelling, neither with encoded slashes allowed nor without',
    async () => {
      let refused = 0
      const provider = fc.constantFrom('plain', 'slashes')
      const property = fc.asyncProperty(denied, provider, async (spelling, name) => {
        const text = spelling.startsWith('/') ? spelling : `/${spelling}`
        const { forwarded } = await sendOne(text, 'proxy.test', name)
        if (forwarded === null) refused += 1
        else expect(lenient(forwarded.split('?', 1)[0] ?? '')).not.toMatch(/^\/admin(?:\/|$)/)
      })
      await fc.assert(property, RUNS)
      expect(refused).toBeGreaterThan(100)
    },
    LIMIT_MS,
  )

  /** Found by the property above. */
  it.each(['/%2561dmin/100%25', '/%2561dmin/%25ff', '/%2561dmin/%25zz'])('%s', async (path) => {
    expect((await sendOne(path, 'proxy.test', 'plain')).forwarded).toBeNull()
  })
})
