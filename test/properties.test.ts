import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { contains, parseAddress, parseRange, truncated } from '../src/address.ts'
import type { Address } from '../src/address.ts'
import { retryAfterMs } from '../src/admission.ts'
import { queryKeys } from '../src/audit/describe.ts'
import { readTokenAnswer } from '../src/auth/token_request.ts'
import { findHost } from '../src/hosts.ts'
import { textsAt } from '../src/json_path.ts'
import { cooldownOf } from '../src/limits/ledger.ts'
import { rewriteLocation } from '../src/location.ts'
import { permitted } from '../src/policy/decision.ts'
import { isGrantToken, presentedIn, slotsOf } from '../src/presented.ts'
import { aCall, aCaller, aCatalog, aHost, aProvider, decided } from './builders.ts'

/** The readers of what comes from outside, with inputs that nobody thought of. */

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
)

const pieces = (...all: readonly string[]) =>
  fc.array(fc.constantFrom(...all), { maxLength: 12 }).map((some) => some.join(''))

describe('an address', () => {
  const v4 = fc.ipV4()
  const v6 = fc.ipV6()
  const near = pieces('1', '0', '255', '256', '.', ':', '::', 'ffff', '::ffff:', '%', '/', 'x', ' ')

  it('is read as what it is, or not at all', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6, near, text), (said) => {
        const address = parseAddress(said)
        if (!address) return
        // What was read is written in one way, and read again as the same.
        expect(parseAddress(address.toString())?.toString()).toBe(address.toString())
        expect(said).toMatch(/^[0-9a-f:.]+$/i)
        expect(parseRange(truncated(address))).not.toBeNull()
      }),
      { numRuns: 2000 },
    )
  })

  it('is in a range when its first bits are those of the range', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(v4, v6), fc.nat(128), (one, other, length) => {
        const [address, network] = [parseAddress(one), parseAddress(other)]
        if (!address || !network || network.kind() !== address.kind()) return
        const bits = length % (address.kind() === 'ipv4' ? 33 : 129)
        const range = parseRange(`${network.toString()}/${bits}`)
        const same = bitsOf(address).slice(0, bits) === bitsOf(network).slice(0, bits)
        expect(range && contains(range, address)).toBe(same)
        expect(range && contains(range, network)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

function bitsOf(address: Address): string {
  return address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
}

describe('the host entry for an address', () => {
  /** Few networks, so that many hold the same address. */
  const cidr = fc
    .tuple(fc.constantFrom('10.0.0.0', '10.0.0.128', '10.0.1.1', '::', '2001:db8::'), fc.nat(32))
    .map(([network, bits]) => `${network}/${bits}`)
  const hosts = fc
    .array(fc.array(cidr, { minLength: 1, maxLength: 3 }), { maxLength: 6 })
    .map((all) => all.map((cidrs, index) => aHost({ id: `h${index}`, cidrs })))
  const addresses = fc.constantFrom('10.0.0.1', '10.0.0.129', '10.0.1.1', '11.0.0.1', '2001:db8::1')

  it('is the one with the longest prefix, the first of those in the file', () => {
    fc.assert(
      fc.property(hosts, addresses, (all, said) => {
        const address = parseAddress(said)
        if (!address) throw new Error('no address')
        const fitting = all.flatMap((host) =>
          host.cidrs.flatMap((each) => {
            const range = parseRange(each)
            return range && contains(range, address) ? [{ host, bits: range.bits }] : []
          }),
        )
        const longest = Math.max(-1, ...fitting.map(({ bits }) => bits))
        const expected = fitting.find(({ bits }) => bits === longest)?.host ?? null
        expect(findHost(all, address)).toBe(expected)
      }),
    )
  })
})

describe('what a caller shows', () => {
  const token = `op_${'t'.repeat(43)}`
  const value = fc.oneof(
    pieces('Bearer ', 'Basic ', 'token ', token, 'dTpw', '=', ' ', 'key', ':', '%', 'Initech '),
    fc.string({ maxLength: 40 }).map((said) => said.replaceAll(/[^\x20-\x7e]/g, '')),
  )
  const name = fc.constantFrom('authorization', 'x-api-key', 'x-token', 'x-globex', 'cookie')
  const query = pieces('api_key', 'API%5fKEY', '=', '&', ';', token, '[]', '%', '%00', '+')
  const slots = slotsOf(
    aCatalog([
      aProvider({
        name: 'query',
        auth: {
          type: 'api_key_query',
          secret: { env: 'X' },
          param: 'api_key',
          invalidate_on: [],
        },
      }),
    ]),
  )

  it('never fails to be read, and X-Outpost-Auth alone decides', () => {
    const given = fc.array(fc.tuple(name, value), { maxLength: 4 })
    fc.assert(
      fc.property(given, query, fc.option(value), (headers, asked, explicit) => {
        const request = new Request('https://proxy.test/a')
        for (const [header, said] of headers) request.headers.append(header, said)
        if (explicit !== null) request.headers.set('x-outpost-auth', explicit)
        const call = { ...aCall('GET', '/a', `?${asked}`), request }
        const { deciding, all, carriers } = presentedIn(call, slots)
        if (explicit !== null) expect(deciding).toEqual([request.headers.get('x-outpost-auth')])
        expect(all).toEqual(expect.arrayContaining([...deciding]))
        // Where a grant token stood is known, so that it is taken out there.
        const { headers: inHeaders, params } = carriers('key')
        const known = explicit !== null || inHeaders.length + params.length > 0
        expect(known || !all.some((each) => isGrantToken(each))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('Retry-After', () => {
  const said = fc.oneof(
    text,
    pieces('Mon, ', '01 Jan ', '2099 ', '1e9', '-', '9'.repeat(400), '.', '0', ' ', 'GMT', 'x'),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  )

  it('always comes to a cooldown of 0.1 s to 600 s', () => {
    fc.assert(
      fc.property(said, fc.nat(2 ** 31), (header, now) => {
        const wait = cooldownOf(retryAfterMs(header, now * 1000))
        expect(wait >= 100 && wait <= 600_000).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a Location', () => {
  const provider = aProvider({
    base_url: 'https://api.test/v2',
    auth: { type: 'api_key_query', secret: { env: 'X' }, param: 'key', invalidate_on: [] },
  })
  const said = fc.oneof(
    text,
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    pieces(
      ...'https: http: // / \\ api.test API.test:443 /v2 /v2/ .. . %2e %2f _outpost u:p@ evil.test'.split(
        ' ',
      ),
      ...'? # key=SECRET KEY[]=SECRET & x=1 ; \t'.split(' '),
      '\t',
      ' ',
    ),
  )
  const by = fc.constantFrom('header', 'path', 'default')

  it('leads to the proxy, or to where the upstream said, and shows no credential', () => {
    fc.assert(
      fc.property(said, by, (location, how) => {
        const call = { ...aCall('GET', '/a/b'), named: { by: how, name: 'api' } } as const
        const permit = permitted(decided(aCaller(), provider, call))
        const sentTo = 'https://api.test/v2/a/b?key=SECRET'
        const to = rewriteLocation(location, sentTo, permit)
        if (!URL.canParse(location, sentTo)) return
        const meant = new URL(location, sentTo)
        expect(to).not.toMatch(/^\/(?:\/|\\|_outpost(?:[/?#]|$))/)
        const query = /^[^?#]*\?([^#]*)/.exec(to)?.[1] ?? ''
        expect(query).not.toMatch(/(?:^|[&;])key(?:\[\])?=/i)
        if (!to.startsWith('/')) expect(new URL(to).host).toBe(meant.host)
        else expect(meant.origin + meant.pathname).toMatch(/^https:\/\/api\.test\/v2(?:\/|$)/)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('JSON of others', () => {
  const json = fc.oneof(
    fc.jsonValue({ maxDepth: 5 }),
    fc.constantFrom<unknown>(undefined, null, '', 0, [], {}),
  )
  const path = pieces('errors', 'code', '[]', '.', '__proto__', 'constructor', 'length')

  it('has codes that are texts, or none', () => {
    fc.assert(
      fc.property(json, path, (value, where) => {
        expect(textsAt(value, where).every((code) => typeof code === 'string')).toBe(true)
      }),
    )
  })

  it('is a token that can stand in a header and ends, or a failure', () => {
    const field = fc.oneof(json, fc.constantFrom('tok', 'a b', 'é', '\n', '1e3', '-1', 1e308, -0.5))
    const names = ['access_token', 'expires_in', 'refresh_token', 'error', 'token_type']
    const answer = fc.record(Object.fromEntries(names.map((name) => [name, field])), {
      requiredKeys: [],
    })
    const status = fc.constantFrom(200, 201, 302, 400, 401, 500)
    fc.assert(
      fc.property(status, fc.oneof(answer, json), fc.nat(10_000), (code, value, fallback) => {
        const mint = readTokenAnswer({ status: code, json: value }, 1000, fallback)
        if ('failed' in mint) {
          expect(mint.failed).toMatch(/^[\x20-\x7e]{1,80}$/)
          return
        }
        expect(mint.token).toMatch(/^[\x21-\x7e]+$/)
        expect(mint.until).toBeGreaterThan(1000)
        expect(Number.isSafeInteger(Math.floor(mint.until))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

it('the names in a query are few and short, whatever it is', () => {
  fc.assert(
    fc.property(pieces('a', '=', '&', '%', ';', '?', '[]', '\u0000'), (query) => {
      expect(queryKeys(`?${query}`).length).toBeLessThanOrEqual(32)
    }),
  )
})
