import { describe, expect, it } from 'vitest'

import { formsOf } from '../../src/scrub/forms.ts'
import { Scrubber, scrubbedText } from '../../src/scrub/scrubber.ts'
import { Search } from '../../src/scrub/search.ts'
import { ENCODERS, latin, raw } from './encoders.ts'

/** Letters in no order, the same every time. */
function noise(length: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let state = 7
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647
    return letters[state % 64]
  }).join('')
}

const LINES = Array.from({ length: 5 }, (_, n) => noise(64 * (n + 1)).slice(-64))
const PEM = `-----BEGIN PRIVATE KEY-----\n${LINES.join('\n')}\n-----END PRIVATE KEY-----`

function scrub(secrets: readonly string[], chunks: readonly string[]) {
  const scrubber = new Scrubber(new Search(secrets.map(formsOf)), true)
  const parts = [...chunks.flatMap((chunk) => scrubber.push(raw(chunk))), ...scrubber.end()]
  return { text: parts.map(latin).join(''), count: scrubber.count }
}

describe('secrets of every shape, in every form', () => {
  it.each([
    ['of 5 KB', noise(5000)],
    ['with what a pattern of text gives a meaning', String.raw`a.*+?^${'$'}{}()|[]\b-$&-$1`],
    ['that looks like what takes its place', '[redacted]-[redacted]!'],
    ['a private key', PEM],
    [
      'a document',
      JSON.stringify({ type: 'service', certificate: PEM.replaceAll('PRIVATE', 'A') }, null, 2),
    ],
    ['of one letter', 'aaaaaaaaaaaaaaaa'],
    ['with blanks', 'correct horse battery staple'],
    ['with quotes at both ends', '"quoted-and-long"'],
    ['of other alphabets', 'ключ-от-всех-дверей-鍵'],
  ])('%s', (_title, secret) => {
    const search = new Search([formsOf(secret)])
    for (const [name, encode] of Object.entries(ENCODERS)) {
      const form = encode(secret)
      const scrubber = new Scrubber(search, true)
      const text = [...scrubber.push(raw(`{"said":"${form}"}`)), ...scrubber.end()]
        .map(latin)
        .join('')
        // Of UTF-16 half a character may be left at an edge: U+04 of the Cyrillic ones.
        .replaceAll(/[^ -~]/g, '')
      expect([name, text]).toEqual([name, '{"said":"[redacted]"}'])
    }
  })
})

describe('a key of many lines', () => {
  it.each(LINES)('a line of it: %s', (line) => {
    expect(scrub([PEM], [`the line ${line}.`])).toEqual({ text: 'the line [redacted].', count: 1 })
  })

  // Half of a private key is its public key, and its beginning is that of every other: who knows 12
  // characters could try the thirteenth, if parts were searched for.
  it.each(['-----BEGIN PRIVATE KEY-----\n', '\n-----END PRIVATE KEY-----', LINES[0]?.slice(0, 40)])(
    'no part of it: %s',
    (part = '') => {
      expect(scrub([PEM], [`<${part}>`])).toEqual({ text: `<${part}>`, count: 0 })
    },
  )

  it('with other ends of lines', () => {
    const { text } = scrub([PEM], [PEM.replaceAll('\n', '\r\n')])
    for (const line of LINES) expect(text).not.toContain(line.slice(0, 12))
  })

  it('holds no event back', () => {
    const scrubber = new Scrubber(new Search([formsOf(PEM)]), true)
    for (const event of ['data: {"a":1}\n\n', ': ping\n\n', 'data: x\r\n\r\n']) {
      expect(scrubber.push(raw(event)).map(latin).join('')).toBe(event)
    }
  })
})

describe('a private key within a document', () => {
  const members = { type: 'service_account', client_email: 'agent@project.example' }
  const file = JSON.stringify({ ...members, private_key: `${PEM}\n` }, null, 2)

  it.each([...LINES, PEM, JSON.stringify(PEM).slice(1, -1)])('is found: %s', (text) => {
    expect(scrub([file], [`<${text}>`]).text).not.toContain(LINES[0] === text ? text : LINES[1])
    expect(scrub([file], [`<${text}>`]).count).toBeGreaterThan(0)
  })

  it.each(Object.entries(ENCODERS))(
    'no line of it comes out of the whole file: %s',
    (_, encode) => {
      const { text, count } = scrub([file], [encode(file)])
      expect(count).toBeGreaterThan(0)
      for (const line of LINES) expect(text).not.toContain(encode(line).slice(4, -4))
    },
  )

  it.each([...Object.values(members), '"type": "service_account"'])(
    'the rest is not: %s',
    (text) => {
      expect(scrub([file], [`<${text}>`])).toEqual({ text: `<${text}>`, count: 0 })
    },
  )

  it('the private members of a JWK are, the public ones are not', () => {
    const [x, d] = [noise(43), noise(86).slice(43)]
    const jwk = JSON.stringify({ kty: 'EC', crv: 'P-256', x, y: x, d })
    expect(scrub([jwk], [`<${d}><${x}>`])).toEqual({ text: `<[redacted]><${x}>`, count: 1 })
  })
})

describe('several secrets', () => {
  const [one, two] = ['first-secret-0001', 'second-secret-0002']

  it.each(Object.entries(ENCODERS))('one behind the other: %s', (name, encode) => {
    const { text } = scrub([one, two], [encode(one + two)])
    const left = text.replaceAll('\0', '').replaceAll('[redacted]', '')
    // Base64 and hex have characters that are of both.
    expect([name, left.length]).toEqual([name, name.startsWith('base64') ? left.length : 0])
    expect(left.length).toBeLessThanOrEqual(2)
  })

  it('one is the beginning of the other', () => {
    const [short, long] = ['sk-live-0123456789', 'sk-live-0123456789-and-more']
    for (const secrets of [
      [short, long],
      [long, short],
    ]) {
      for (const text of [`<${long}>`, `<${short}>`]) {
        expect(scrub(secrets, [text])).toEqual({ text: '<[redacted]>', count: 1 })
        expect(scrub(secrets, text.split(''))).toEqual({ text: '<[redacted]>', count: 1 })
      }
    }
  })
})

describe('what of a secret is everybody’s', () => {
  const header = btoa('{"alg":"HS256","typ":"JWT"}').replaceAll('=', '')
  const jwt = `${header}.${noise(40).replaceAll(/[+/]/g, '_')}.${noise(80).slice(37).replaceAll(/[+/]/g, '-')}`

  it('the header and the claims of a JWT', () => {
    const other = `${header}.eyJzdWIiOiJhbm90aGVyIn0.c2lnbmF0dXJlLW9mLWFub3RoZXI`
    expect(scrub([jwt], [other]).text).toBe(other)
    expect(scrub([jwt], [`<${jwt}>`]).text).toBe('<[redacted]>')
    const claims = jwt.slice(0, jwt.lastIndexOf('.'))
    expect(scrub([jwt], [`<${claims}>`]).text).toBe(`<${claims}>`)
    expect(scrub([jwt], [`<${jwt.slice(claims.length + 3, -3)}>`]).text).toBe('<[redacted]>')
  })

  it('the domain of an address, and not what stands before it', () => {
    const address = 'a-secret-local-part@mail.example.com'
    expect(scrub([address], ['https://mail.example.com/']).count).toBe(0)
    expect(scrub([address], ['<a-secret-local-part>']).text).toBe('<[redacted]>')
  })

  it('nothing of what only resembles one', () => {
    const password = 'Tr0ub4dor@Long-Domain.Name9'
    expect(scrub([password], ['<@Long-Domain.Na>']).text).toBe('<[redacted]>')
  })
})

describe('who knows how a secret begins', () => {
  const random = (length: number) =>
    noise(length * 2)
      .slice(length)
      .replaceAll(/[+/]/g, 'x')
  const claims = btoa('{"iss":"https://auth.test/","sub":"agent-of-ours"}').replaceAll('=', '')
  const known = [
    'sk-ant-api03-',
    'sk-proj-',
    `sk_live_51${random(14)}`,
    'github_pat_11AAAAAAA0',
    'ghp_',
    'glpat-',
    'xoxb-123456789012-1234567890123-',
    '1234567890:AA',
    'hvs.CAESI',
    'pypi-AgEIcHlwaS5vcmc',
    'dop_v1_',
    'lin_api_',
    `SG.${random(22)}.`,
    `${btoa('{"alg":"HS256","typ":"JWT"}').replaceAll('=', '')}.${claims}.`,
  ]

  /** As an agent does it that has its guesses repeated by an upstream, and sees which are taken out. */
  function told(secret: string, from: string): string {
    let so = from
    for (;;) {
      const next = Array.from(secret).find((char) => {
        const guess = so.slice(-40) + char
        return scrub([secret], [`<${guess}>`]).text !== `<${guess}>`
      })
      if (next === undefined || so.length > secret.length) return so
      so += next
    }
  }

  it.each(known)('is told nothing of what follows: %s', (prefix) => {
    const secret = prefix + random(60)
    for (const from of [prefix, prefix + secret.slice(prefix.length, prefix.length + 6)]) {
      expect(told(secret, from)).toBe(from)
    }
    expect(scrub([secret], [`<${secret}>`]).text).toBe('<[redacted]>')
    const part = secret.slice(prefix.length + 20, prefix.length + 32)
    expect(scrub([secret], [`<${part}>`]).text).toBe('<[redacted]>')
  })
})

it('a text that resembles a secret takes no time', () => {
  const secret = noise(5000)
  const search = new Search([formsOf(secret)])
  const near = Array.from({ length: 4000 }, (_, n) => secret.slice(n % 900, (n % 900) + 11)).join(
    '-',
  )
  const begun = performance.now()
  expect(scrubbedText(near, search)).toBe(near)
  expect(performance.now() - begun).toBeLessThan(5000)
})

it('nor do echoes of a long one, whole or nearly', () => {
  const secret = noise(5000)
  const search = new Search([formsOf(secret)])
  const begun = performance.now()
  for (const echo of [secret, secret.slice(0, -1)]) {
    const scrubber = new Scrubber(search, true)
    const text = raw(`${echo}!`.repeat(100))
    const parts = [...scrubber.push(text), ...scrubber.end()]
    expect(latin(parts.at(-1) ?? raw(''))).toBe('!')
    expect(scrubber.count).toBe(100)
  }
  expect(performance.now() - begun).toBeLessThan(5000)
})

it('a row of blanks as long as a book takes no time', () => {
  const scrubber = new Scrubber(new Search([formsOf(PEM)]), true)
  const parts = [...scrubber.push(raw(' '.repeat(2_000_000))), ...scrubber.end()]
  expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(2_000_000)
})
