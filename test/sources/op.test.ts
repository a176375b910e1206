import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { op } from '../../src/sources/op.ts'
import { failureOf, faults, readerOf, readingOf, seenBy } from './reading.ts'
import { CONNECT, VALUE } from './world.ts'

const address = env.BACKENDS.connect
const SETTINGS = { OP_CONNECT_HOST: address, OP_CONNECT_TOKEN: CONNECT.token }
const read = readerOf(op)

describe('op://', () => {
  it.each([
    ['names', 'op://API Keys/Stripe/password', VALUE],
    ['another case', 'op://api keys/STRIPE/Password', VALUE],
    ['ids', `op://${CONNECT.vault}/${CONNECT.item}/password`, VALUE],
    ['the id of a field', `op://${CONNECT.vault}/Stripe/f2`, VALUE],
    ['a section by label', 'op://API Keys/Stripe/Live/api key', VALUE],
    ['a section by id', 'op://API Keys/Stripe/sec1/api key', VALUE],
    ['a field in the unnamed section', 'op://API Keys/Stripe/publishable-key', 'pk'],
    ['a field that only a section has', 'op://API Keys/Stripe/only here', VALUE],
    ['a field outside before one in a section', 'op://API Keys/Stripe/seen', 'in no section'],
    ['an item beside one in the trash', 'op://API Keys/Restored/password', VALUE],
  ])('reads by %s', async (_what, uri, value) => {
    expect(await read(uri, readingOf(SETTINGS))).toBe(value)
  })

  it.each([
    ['no vault', 'op://Nowhere/Stripe/password', 'missing: no vault of this name'],
    [
      'two vaults',
      'op://Twice/Stripe/password',
      'missing: more than one vault of this name: write its id',
    ],
    ['a vault out of scope', `op://${CONNECT.closed}/Stripe/password`, 'denied'],
    ['an unknown vault', 'op://zzzzzzzzzzzzzzzzzzzzzzzzzz/Stripe/password', 'missing'],
    ['no item', 'op://API Keys/Nothing/password', 'missing: no item of this name'],
    ['a part of a title', 'op://API Keys/Strip/password', 'missing: no item of this name'],
    [
      'two items',
      'op://API Keys/Double/password',
      'missing: more than one item of this name: write its id',
    ],
    ['an archived item', 'op://API Keys/Old/password', 'missing: no item of this name'],
    [
      'an archived item by id',
      `op://${CONNECT.vault}/01eflcy7f5mk7vg6zrzf5rjjyy/password`,
      'missing: the item is in the archive',
    ],
    ['no field', 'op://API Keys/Stripe/nothing', 'missing: no field of this name'],
    ['no section', 'op://API Keys/Stripe/Nowhere/api key', 'missing: no field of this name'],
    [
      'a section without an id',
      'op://API Keys/Stripe/no id/password',
      'missing: no field of this name',
    ],
    [
      'two fields',
      'op://API Keys/Stripe/double',
      'missing: more than one field of this name: write its id',
    ],
    [
      'two sections',
      'op://API Keys/Stripe/api key',
      'missing: more than one field of this name: write its id',
    ],
    ['no fields at all', 'op://API Keys/No fields/password', 'missing: no field of this name'],
    ['an empty value', 'op://API Keys/Stripe/empty', 'missing'],
    ['a field without value', 'op://API Keys/Stripe/no value', 'missing'],
    ['a number', 'op://API Keys/Stripe/number', 'malformed: not text'],
  ])('%s', async (_what, uri, failure) => {
    expect(await failureOf(read(uri, readingOf(SETTINGS)))).toBe(failure)
  })

  it.each(faults({ null: 'malformed', list: 'malformed', text: 'malformed' }))(
    'a server that answers %s: %s',
    async (fault, failure) => {
      const settings = { ...SETTINGS, OP_CONNECT_HOST: `${address}/as/${fault}/` }
      expect(await failureOf(read('op://API Keys/Stripe/password', readingOf(settings)))).toBe(
        failure,
      )
    },
  )

  it.each([
    ['a wrong token', { ...SETTINGS, OP_CONNECT_TOKEN: 'sentinel-wrong' }, 'denied'],
    ['no token', { OP_CONNECT_HOST: address }, 'unconfigured: OP_CONNECT_TOKEN is not set'],
    ['no address', { OP_CONNECT_TOKEN: 'x' }, 'unconfigured: OP_CONNECT_HOST is not set'],
    [
      'a token of two lines',
      { ...SETTINGS, OP_CONNECT_TOKEN: 'sentinel\nx: y' },
      'unconfigured: OP_CONNECT_TOKEN has a character that no token has',
    ],
  ])('%s', async (_what, settings, failure) => {
    expect(await failureOf(read('op://API Keys/Stripe/password', readingOf(settings)))).toBe(
      failure,
    )
  })

  it('asks for a name by a filter of one comparison, and for an id by the id', async () => {
    await seenBy('connect')
    await read('op://API Keys/Stripe Test/password', readingOf(SETTINGS))
    await read(`op://${CONNECT.vault}/${CONNECT.item}/password`, readingOf(SETTINGS))
    expect(await seenBy('connect')).toEqual([
      'GET /v1/vaults?filter=name%20eq%20%22API%20Keys%22',
      `GET /v1/vaults/${CONNECT.vault}/items?filter=title%20eq%20%22Stripe%20Test%22`,
      `GET /v1/vaults/${CONNECT.vault}/items/07eflcy7f5mk7vg6zrzf5rjjyy`,
      `GET /v1/vaults/${CONNECT.vault}/items/${CONNECT.item}`,
    ])
  })

  it.each([[[{ id: '../../x', name: 'v' }]], [[{ name: 'v' }]], [[{ id: 7, name: 'v' }]], [{}]])(
    'does not ask for what a list has in place of an id: %j',
    async (json) => {
      const reading = readingOf(SETTINGS, {
        ask: () => Promise.resolve({ status: 200, headers: new Headers(), json }),
      })
      expect(await failureOf(read('op://v/i/f', reading))).toBe('malformed')
      expect(reading.asked).toHaveLength(1)
    },
  )

  it('takes neither a vault nor an item of another name, should the filter be ignored', async () => {
    const id = 'bonaiwtdvgclrixbt6ztpqcxnq'
    const reading = readingOf(SETTINGS, {
      ask: () => {
        const json = [{ id, name: 'Other', title: 'Other' }]
        return Promise.resolve({ status: 200, headers: new Headers(), json })
      },
    })
    expect(await failureOf(read('op://v/i/f', reading))).toBe('missing: no vault of this name')
    expect(await failureOf(read(`op://${id}/i/f`, reading))).toBe('missing: no item of this name')
    expect(reading.asked).toHaveLength(2)
  })

  it('does not take another item for the one that was asked for', async () => {
    const fields = [{ id: 'f', label: 'f', value: VALUE }]
    const json = { id: 'bonaiwtdvgclrixbt6ztpqcxnq', title: 'Other', fields }
    const reading = readingOf(SETTINGS, {
      ask: () => Promise.resolve({ status: 200, headers: new Headers(), json }),
    })
    const uri = `op://${CONNECT.vault}/${CONNECT.item}/f`
    expect(await failureOf(read(uri, reading))).toBe('malformed: another item')
  })

  it('says what is not set', () => {
    expect(op.missing(() => false)).toEqual(['OP_CONNECT_HOST', 'OP_CONNECT_TOKEN'])
    expect(op.missing(() => true)).toEqual([])
  })
})
