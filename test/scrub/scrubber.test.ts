import { describe, expect, it } from 'vitest'

import { formsOf, sentFormsOf } from '../../src/scrub/forms.ts'
import { Scrubber, scrubbedText } from '../../src/scrub/scrubber.ts'
import { Search } from '../../src/scrub/search.ts'
import { ALIGNED, ENCODERS, latin, raw } from './encoders.ts'

const SECRETS = {
  token: 'sk-live_9aXq71Zk03Tb55Lm',
  punctuated: `p/w+d=\\"<&'> é~!*€`,
  eight: 'Hunter42',
  wide: 'pässwörter-日本-🔑',
  long: Array.from({ length: 60 }, (_, n) => (n * 7919).toString(36)).join('.'),
}

const searches = new Map<string, Search>()

/** As for one isolate: the forms of a secret are made once. */
function searchFor(secrets: readonly string[]): Search {
  const name = secrets.join('\n')
  const search = searches.get(name) ?? new Search(secrets.map(formsOf))
  searches.set(name, search)
  return search
}

function scrub(secrets: readonly string[], chunks: readonly string[], json = false) {
  const scrubber = new Scrubber(searchFor(secrets), json)
  const parts = [...chunks.flatMap((chunk) => scrubber.push(raw(chunk))), ...scrubber.end()]
  return { text: parts.map(latin).join(''), count: scrubber.count }
}

const cut = (text: string, at: number): string[] => [text.slice(0, at), text.slice(at)]

const POSITIONS: readonly (readonly [string, string])[] = [
  ['', ''],
  ['"', '"'],
  ['data: ', '\n\n'],
  ['{"error":"no such key: ', '","n":1}'],
  ['all work and no play makes a proxy dull. '.repeat(40), '. And so on'.repeat(30)],
]

describe.each(Object.entries(SECRETS))('%s', (_name, secret) => {
  it.each(Object.entries(ENCODERS))('%s', (_form, encode) => {
    const form = encode(secret)
    for (const [before, after] of POSITIONS) {
      const wide = _form.startsWith('UTF-16')
      const { text, count } = scrub([secret], [before + form + after])
      expect(count).toBe(1)
      const instead = text.slice(before.length, text.length - after.length)
      expect(instead.replaceAll('\0', '')).toContain('[redacted]')
      if (!wide) expect(text).toBe(`${before}[redacted]${after}`)
    }
  })

  it.each(Object.entries(ALIGNED))('%s', (_form, encode) => {
    const form = encode(secret)
    for (const [before, after] of POSITIONS) {
      const { text, count } = scrub([secret], [before + form + after])
      expect(count).toBe(1)
      const [head = '', tail = ''] = text
        .slice(before.length, text.length - after.length)
        .split('[redacted]')
      expect(form.startsWith(head) && form.endsWith(tail)).toBe(true)
      // What is left holds the neighbours, and less than one byte of the secret at each end.
      expect(head.length).toBeLessThanOrEqual(8)
      expect(tail.length).toBeLessThanOrEqual(6)
    }
  })

  it('wherever the chunks end', () => {
    for (const encode of [...Object.values(ENCODERS), ...Object.values(ALIGNED)]) {
      const whole = `{"key":"${encode(secret)}","n":"abc"}`
      const expected = scrub([secret], [whole])
      const step = Math.max(1, Math.floor(whole.length / 24))
      for (let at = 0; at <= whole.length; at += step) {
        expect(scrub([secret], cut(whole, at))).toEqual(expected)
      }
      expect(scrub([secret], whole.split(''))).toEqual(expected)
    }
  })
})

it('each character in another spelling', () => {
  const form = '%73k\\u002dl&#105;ve%5f9%2561Xq7&#x31;Zk03Tb55Lm'
  expect(scrub([SECRETS.token], [`a ${form} b`]).text).toBe('a [redacted] b')
})

describe('a part of a secret', () => {
  const secret = SECRETS.token
  it.each([12, 13, 17, 23])('%i characters of it, from anywhere', (size) => {
    for (let from = 0; from + size <= secret.length; from += 1) {
      const part = secret.slice(from, from + size)
      expect(scrub([secret], [`a ${part} b`])).toEqual({ text: 'a [redacted] b', count: 1 })
      expect(scrub([secret], `a ${part} b`.split(''))).toEqual({ text: 'a [redacted] b', count: 1 })
    }
  })

  it('not 11', () => {
    for (let from = 0; from + 11 <= secret.length; from += 1) {
      const text = `a ${secret.slice(from, from + 11)} b`
      expect(scrub([secret], text.split(''))).toEqual({ text, count: 0 })
    }
  })

  it('two parts side by side are two', () => {
    const text = secret.slice(2, 20) + secret.slice(0, 15)
    expect(scrub([secret], [text])).toEqual({ text: '[redacted][redacted]', count: 2 })
  })

  it('a character of UTF-8 stays whole', () => {
    const { text } = scrub(
      [SECRETS.wide],
      [latin(new TextEncoder().encode('-🔑 x ässwörter-日 y'))],
    )
    expect(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw(text))).toBe(
      '-🔑 x [redacted] y',
    )
  })

  it('not of an e-mail address, whose domain is no secret', () => {
    const mail = 'robot@a-long-company-name.example'
    expect(scrub([mail], ['https://a-long-company-name.example/']).count).toBe(0)
    expect(scrub([mail], [`mailto:${mail}`]).count).toBe(1)
  })

  it('not of what was made to be sent: only the whole', () => {
    const sent = 'dXNlcjpwYXNzd29yZC0xMjM0NQ=='
    const search = new Search([sentFormsOf(sent)])
    expect(scrubbedText(`Basic ${sent}, ${encodeURIComponent(sent)}`, search)).toBe(
      'Basic [redacted], [redacted]',
    )
    expect(scrubbedText(sent.slice(0, 20), search)).toBe(sent.slice(0, 20))
  })
})

describe('what is found nowhere', () => {
  it.each(['', 'api', 'outpost', '7777777'])('a secret that is a word: %s', (word) => {
    expect(new Search([formsOf(word)]).longest).toBe(0)
    expect(scrub([word], [`{"${word}":"${word}"}`]).count).toBe(0)
  })

  it('other texts, byte for byte', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, n) => (n * 31 + (n >> 8)) % 256)
    const text = latin(bytes)
    expect(scrub(Object.values(SECRETS), [text])).toEqual({ text, count: 0 })
  })
})

describe('several secrets', () => {
  it('one beside and one within the other', () => {
    const [one, two] = ['abcdefgh-one-secret', 'one-secret']
    expect(scrub([two, one], [`${one} ${two}`])).toEqual({
      text: '[redacted] [redacted]',
      count: 2,
    })
  })

  it('overlapping ones are one', () => {
    expect(
      scrub(['first-half-middle', 'middle-second-half'], ['first-half-middle-second-half']),
    ).toEqual({ text: '[redacted]', count: 1 })
  })
})

describe('JSON stays JSON', () => {
  const number = '12345678901234'
  it.each([
    ['a number', `{"id":${number}}`, '{"id":null}'],
    ['a number with blanks', `{"id": ${number} }`, '{"id": null }'],
    ['a number in a list', `[1,${number},2]`, '[1,null,2]'],
    ['a number that is all', number, 'null'],
    ['the head of a number', `[${number}77]`, '[177]'],
    ['the tail of a number', `[77${number}]`, '[771]'],
    ['a fraction', `[0.${number}]`, '[0.1]'],
    ['a text', `{"id":"${number}"}`, '{"id":"[redacted]"}'],
    ['within a text', `{"id":"no ${number}!"}`, '{"id":"no [redacted]!"}'],
    ['part of it in a number', `[${number.slice(1)}]`, '[null]'],
  ])('%s', (_title, text, expected) => {
    expect(JSON.parse(expected)).toBeDefined()
    expect(scrub([number], [text], true)).toEqual({ text: expected, count: 1 })
    expect(scrub([number], text.split(''), true)).toEqual({ text: expected, count: 1 })
  })

  it('elsewhere a number is a word', () => {
    expect(scrub([number], [`id: ${number}`]).text).toBe('id: [redacted]')
  })

  it.each([
    ['an escape before it', String.raw`"\n${'nsecret-tail-x'.slice(1)}"`, 'nsecret-tail-x'],
    ['an escaped backslash before it', String.raw`"\\nsecret-tail-x"`, 'nsecret-tail-x'],
    ['a code before it', String.raw`"\u0041bcd-secret-tail"`, '41bcd-secret-tail'],
    ['a quote before it', String.raw`"\"secret-tail-xyz\""`, 'secret-tail-xyz'],
    ['a backslash at its end', String.raw`"secret-tail-xyz\\"`, 'secret-tail-xyz\\'],
    ['a backslash in it, in part', String.raw`"cret-tail-xyz\\ab"`, 'secret-tail-xyz\\abcdefgh'],
  ])('%s', (_title, text, secret) => {
    for (const chunks of [[text], text.split('')]) {
      const found = scrub([secret], chunks, true)
      expect(found.count).toBe(1)
      expect(JSON.parse(found.text)).toContain('[redacted]')
    }
  })
})

describe('what waits', () => {
  const search = new Search([formsOf(SECRETS.token)])
  const leaving = (chunk: string) => {
    const scrubber = new Scrubber(search, true)
    return scrubber.push(raw(chunk)).map(latin).join('')
  }

  it.each(['data: {"delta":"hello"}\n\n', ': ping\n\n', '{"done":true}', 'a sentence. '])(
    'nothing of %j',
    (text) => expect(leaving(text)).toBe(text),
  )

  it('only the tail that may be the beginning of one', () => {
    expect(leaving('the key is sk-live')).toBe('the key is ')
    expect(leaving('the key is %73%6')).toBe('the key is ')
    expect(leaving('the key is \\u0073\\u')).toBe('the key is ')
    expect(leaving(`the key is ${SECRETS.token.slice(5, 12)}`)).toBe('the key is ')
  })

  it('and not for longer than one can be', () => {
    const scrubber = new Scrubber(search, true)
    let waiting = 0
    for (let n = 0; n < 5000; n += 1) {
      waiting += 3 - scrubber.push(raw('%73')).reduce((sum, { length }) => sum + length, 0)
      expect(waiting).toBeLessThanOrEqual(search.longest)
    }
  })
})
