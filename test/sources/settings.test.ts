import { describe, expect, it } from 'vitest'

import { addressOf, headerOf } from '../../src/sources/reading.ts'
import { failureOf, readingOf } from './reading.ts'

const attempt = (of: () => unknown): Promise<string> =>
  failureOf(new Promise((resolve) => resolve(of())))

describe('an address in a setting', () => {
  it.each([
    ['https://vault.example', 'https://vault.example'],
    ['https://vault.example:8200/', 'https://vault.example:8200'],
    ['https://Gate.Example/a/b//', 'https://gate.example/a/b'],
    ['http://127.0.0.1:8200', 'http://127.0.0.1:8200'],
    ['https://[::1]:8200', 'https://[::1]:8200'],
  ])('%s is %s', (text, address) => {
    expect(addressOf(readingOf({ ADDRESS: text }), 'ADDRESS')).toBe(address)
  })

  it.each([
    'vault.example',
    'vault.example:8200',
    '//vault.example',
    'ftp://vault.example',
    'file:///etc/passwd',
    'https://',
    'https://vault.example?a=b',
    'https://vault.example/?',
    'https://vault.example/#',
    'https://vault.example/a%2f..',
    'https://user@vault.example',
    'https://sentinel:sentinel@vault.example',
  ])('%s is none', async (text) => {
    const failure = await attempt(() => addressOf(readingOf({ ADDRESS: text }), 'ADDRESS'))
    expect(failure).toBe('unconfigured: ADDRESS is no plain http(s) address')
  })

  it('may have a default', async () => {
    expect(addressOf(readingOf({}), 'ADDRESS', 'https://a.example')).toBe('https://a.example')
    const failure = await attempt(() => addressOf(readingOf({}), 'ADDRESS'))
    expect(failure).toBe('unconfigured: ADDRESS is not set')
  })
})

it.each(['a b', 'a\nb', 'a\u0000', 'ä', '\ud800', 'a\u007f'])(
  'a token such as %j goes into no header',
  async (text) => {
    const failure = await attempt(() => headerOf(readingOf({ TOKEN: `sentinel${text}` }), 'TOKEN'))
    expect(failure).toBe('unconfigured: TOKEN has a character that no token has')
  },
)
