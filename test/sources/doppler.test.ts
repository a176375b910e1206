import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { doppler } from '../../src/sources/doppler.ts'
import { failureOf, faults, readerOf, readingOf, seenBy } from './reading.ts'
import { DOPPLER, VALUE } from './world.ts'

const address = env.BACKENDS.doppler
const SETTINGS = { DOPPLER_API_HOST: address, DOPPLER_TOKEN: DOPPLER.token }
const read = readerOf(doppler)

describe('doppler://', () => {
  it.each([
    ['a value with a reference put in', 'doppler://shop/prd/STRIPE_KEY'],
    ['a name with a digit and _', 'doppler://shop/prd/_PLAIN_2'],
    ['a project of any characters', 'doppler://café & co+1/prd/STRIPE_KEY'],
  ])('reads %s', async (_what, uri) => {
    expect(await read(uri, readingOf(SETTINGS))).toBe(VALUE)
  })

  it('asks for what the reference says, encoded', async () => {
    await seenBy('doppler')
    await read('doppler://café & co+1/prd/STRIPE_KEY', readingOf(SETTINGS))
    expect(await seenBy('doppler')).toEqual([
      'GET /v3/configs/config/secret?project=caf%C3%A9%20%26%20co%2B1&config=prd&name=STRIPE_KEY',
    ])
  })

  it.each([
    ['no project', 'doppler://nowhere/prd/STRIPE_KEY', 'missing'],
    ['a config of another token', 'doppler://shop/dev/STRIPE_KEY', 'denied'],
    ['no secret', 'doppler://shop/prd/NOTHING', 'missing'],
    ['an empty value', 'doppler://shop/prd/EMPTY', 'missing'],
    ['a value that is not shown', 'doppler://shop/prd/RESTRICTED', 'missing'],
    ['a number', 'doppler://shop/prd/NUMBER', 'malformed: not text'],
  ])('%s', async (_what, uri, failure) => {
    expect(await failureOf(read(uri, readingOf(SETTINGS)))).toBe(failure)
  })

  it.each(
    faults({
      null: 'malformed: another secret',
      list: 'malformed: another secret',
      text: 'malformed: another secret',
    }),
  )('a server that answers %s: %s', async (fault, failure) => {
    const settings = { ...SETTINGS, DOPPLER_API_HOST: `${address}/as/${fault}` }
    expect(await failureOf(read('doppler://shop/prd/STRIPE_KEY', readingOf(settings)))).toBe(
      failure,
    )
  })

  it.each([
    ['a wrong token', { ...SETTINGS, DOPPLER_TOKEN: 'dp.st.sentinel-wrong' }, 'denied'],
    ['no token', {}, 'unconfigured: DOPPLER_TOKEN is not set'],
  ])('%s', async (_what, settings, failure) => {
    expect(await failureOf(read('doppler://shop/prd/STRIPE_KEY', readingOf(settings)))).toBe(
      failure,
    )
  })

  it('asks Doppler when nothing else is set', async () => {
    const reading = readingOf(
      { DOPPLER_TOKEN: DOPPLER.token },
      { ask: () => Promise.resolve({ status: 404, headers: new Headers(), json: {} }) },
    )
    expect(await failureOf(read('doppler://shop/prd/STRIPE_KEY', reading))).toBe('missing')
    expect(reading.asked.map(({ url }) => new URL(url).origin)).toEqual(['https://api.doppler.com'])
  })

  it('says what is not set', () => {
    expect(doppler.missing(() => false)).toEqual(['DOPPLER_TOKEN'])
    expect(doppler.missing((name) => name === 'DOPPLER_TOKEN')).toEqual([])
  })
})
