import { describe, expect, it } from 'vitest'

import { Secret, searchFor } from '../../src/secret.ts'
import { passedOn, stopped } from '../../src/websocket/closing.ts'
import { scrubbedMessage, sizeOf } from '../../src/websocket/message.ts'
import { Unread } from '../../src/websocket/unread.ts'

const SECRET = 'sentinel-socket-part-91c4'
function exactly(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  return copy
}

const secrets = [new Secret(SECRET)]

describe('the end of one side, as the other is told', () => {
  it.each([
    ['upstream', 1000, 'done', { code: 1000, reason: 'done' }],
    ['upstream', 4000, `no ${SECRET}`, { code: 4000, reason: 'no [redacted]' }],
    ['upstream', 1005, '', {}],
    ['upstream', 1006, 'lost', {}],
    ['agent', 3001, 'mine', { code: 3001, reason: 'mine' }],
    ['agent', 1006, '', { code: 1001, reason: '' }],
    ['agent', 1015, '', { code: 1001, reason: '' }],
    ['agent', 999, '', { code: 1001, reason: '' }],
  ] as const)('%s %i %s, to the upstream', (from, code, reason, expected) => {
    const ending = passedOn(from, code, reason, secrets)
    expect([ending.by, ending.upstream]).toEqual([from, expected])
  })

  it('a line of the upstream that broke is 1011 to the agent', () => {
    const { agent } = passedOn('upstream', 1006, 'lost', secrets)
    expect(agent).toEqual({ code: 1011, reason: 'the upstream went away' })
  })

  it('a reason stays within 123 bytes, in whole characters', () => {
    const reason = 'é'.repeat(61) + SECRET.repeat(2)
    const { agent } = passedOn('upstream', 4000, reason, secrets)
    expect(new TextEncoder().encode(agent.reason).length).toBeLessThanOrEqual(123)
    expect(agent.reason).toBe(`${'é'.repeat(61)}[`)
    expect(stopped('idle', '€'.repeat(60)).agent.reason).toBe('€'.repeat(41))
  })
})

describe('a message', () => {
  const search = searchFor(secrets)
  const bytes = (text: string) => exactly(new TextEncoder().encode(text))
  const binary = (size: number) => {
    const all = new Uint8Array(size)
    all.set(new TextEncoder().encode(SECRET), 100)
    return exactly(all)
  }

  it.each([
    [`a ${SECRET}`, 'a [redacted]', 1],
    [`{"n":${SECRET.length}}`, `{"n":${SECRET.length}}`, 0],
    [`\ufeff${SECRET}\n`, '\ufeff[redacted]\n', 1],
    ['nothing', 'nothing', 0],
    ['', '', 0],
  ])('%s', (text, expected, found) => {
    expect(scrubbedMessage(text, search, 'auto')).toEqual({ data: expected, found })
    expect(scrubbedMessage(text, search, 'off')).toEqual({ data: text, found: 0 })
  })

  it('in bytes is searched, but for many that are no text; and always where that is said', () => {
    const small = scrubbedMessage(bytes(`b ${SECRET}`), search, 'auto')
    expect(small.data).toEqual(bytes('b [redacted]'))
    const large = binary(1024 * 1024)
    expect(scrubbedMessage(large, search, 'auto')).toEqual({ data: large, found: 0 })
    expect(scrubbedMessage(large, search, 'always').found).toBe(1)
    expect(scrubbedMessage(binary(4096), search, 'auto').found).toBe(1)
  })

  it('a number that is a secret stays JSON', () => {
    const number = searchFor([new Secret('918273645546372819')])
    const { data } = scrubbedMessage('{"id":918273645546372819}', number, 'auto')
    expect(data).toBe('{"id":null}')
  })

  it.each([
    ['abc', 3],
    ['é', 2],
    ['€', 3],
    ['😀', 4],
    ['', 0],
  ])('%s has %i bytes', (text, size) => {
    expect([sizeOf(text), sizeOf(bytes(text))]).toEqual([size, size])
  })
})

it('what a side may not have read falls when it is heard, by 4 MiB a second', () => {
  const unread = new Unread(1000)
  expect([unread.sent(10_000_000), unread.sent(1)]).toEqual([10_000_064, 10_000_129])
  unread.heard(2000)
  expect(unread.sent(0)).toBe(10_000_193 - 4_096_000)
  // It is not heard twice for the same time, and a clock that goes back takes nothing.
  unread.heard(2000)
  unread.heard(1500)
  expect(unread.sent(0)).toBe(10_000_257 - 4_096_000)
  unread.heard(60_000)
  expect(unread.sent(5)).toBe(69)
})
