import { describe, expect, it } from 'vitest'

import { parseAddress, parseRange, truncated } from '../src/address.ts'
import { clientAddress } from '../src/client.ts'
import { findHost } from '../src/hosts.ts'
import { readSettings } from '../src/settings.ts'
import { aHost } from './builders.ts'

const text = (address: string) => parseAddress(address)?.toString() ?? null

describe('one canonical address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::1', '::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:0a00:1', '10.0.0.1'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is %s', (address, expected) => {
    expect(text(address)).toBe(expected)
  })

  it.each([
    '',
    ' ',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.01',
    '00.0.0.0',
    '256.0.0.1',
    '1.2.3.4.5',
    '1.2.3.4:80',
    '127.0.0.1,10.0.0.1',
    '127.0.0.1, 10.0.0.1',
    ' 127.0.0.1',
    '127.0.0.1\n',
    '١٢٧.0.0.1',
    '127。0。0。1',
    '-1.0.0.0',
    '1e2.0.0.0',
    '::1%eth0',
    'fe80::1%1',
    '[::1]',
    '::1/128',
    '1::2::3',
    ':::',
    '12345::',
    '::ffff:010.0.0.1',
    '::ffff:10.0.0.256',
    '::ffff:10.1',
    'localhost',
    'null',
    '::g',
  ])('%j is none', (address) => {
    expect(parseAddress(address)).toBeNull()
  })

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '/8',
    '10.0.0.0/8/8',
    '::ffff:1.2.3.4/95',
  ])('%s is no range', (range) => {
    expect(parseRange(range)).toBeNull()
  })
})

describe('the host entry for an address', () => {
  const hosts = [
    aHost({ id: 'wide', cidrs: ['10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0', '::/0'] }),
    aHost({ id: 'narrow', cidrs: ['10.1.2.3/16', '2001:db8:1::/48'] }),
    aHost({ id: 'later', cidrs: ['10.1.0.0/16'] }),
    aHost({ id: 'one', cidrs: ['10.1.2.3', '2001:db8:1::9/128'] }),
    aHost({ id: 'mapped', cidrs: ['::ffff:192.0.2.0/120'] }),
  ]
  const hostOf = (address: string, among = hosts) => {
    const parsed = parseAddress(address)
    return parsed && (findHost(among, parsed)?.id ?? null)
  }

  it.each([
    ['10.9.9.9', 'wide'],
    ['10.1.9.9', 'narrow'],
    ['10.1.2.3', 'one'],
    ['::ffff:10.1.2.3', 'one'],
    ['2001:db8:1::1', 'narrow'],
    ['2001:db8:1::9', 'one'],
    ['2001:db8:2::9', 'wide'],
    ['192.0.2.77', 'mapped'],
    ['8.8.8.8', 'wide'],
    ['2a06:98c0:3600::103', null],
  ])('%s is %s', (address, expected) => {
    expect(hostOf(address)).toBe(expected)
  })

  it('that all Workers share matches only where it is written out', () => {
    const written = aHost({ id: 'workers', cidrs: ['2a06:98c0:3600::103'] })
    expect(hostOf('2a06:98c0:3600::103', [...hosts, written])).toBe('workers')
  })

  it('is none without hosts', () => {
    expect(hostOf('10.0.0.1', [])).toBeNull()
  })
})

describe('where the address comes from', () => {
  const from = (env: Record<string, string>, headers: Record<string, string>, peer?: string) => {
    const request = new Request('https://proxy.test/', { headers })
    if (peer) Object.defineProperty(request, 'cf', { value: { clientIp: peer } })
    return clientAddress(request, readSettings(env))?.toString() ?? null
  }
  const edge = { CLIENT_IP_SOURCE: 'cloudflare' }
  const socket = { CLIENT_IP_SOURCE: 'workerd' }
  const behind = { ...socket, TRUSTED_PROXIES: '10.0.0.0/8, ::1' }

  it.each([
    ['nothing is set', {}, { 'cf-connecting-ip': '1.2.3.4' }, '1.2.3.4:5', null],
    [
      'unknown source',
      { CLIENT_IP_SOURCE: 'guess' },
      { 'cf-connecting-ip': '1.2.3.4' },
      '1.2.3.4:5',
      null,
    ],
    [
      'edge',
      edge,
      { 'cf-connecting-ip': '1.2.3.4', 'x-forwarded-for': '9.9.9.9' },
      '8.8.8.8:1',
      '1.2.3.4',
    ],
    ['edge, no header', edge, { 'x-real-ip': '9.9.9.9' }, '8.8.8.8:1', null],
    ['edge, a list', edge, { 'cf-connecting-ip': '1.2.3.4, 5.6.7.8' }, '8.8.8.8:1', null],
    [
      'peer',
      socket,
      { 'cf-connecting-ip': '9.9.9.9', 'x-forwarded-for': '9.9.9.9' },
      '1.2.3.4:5',
      '1.2.3.4',
    ],
    ['peer, IPv6', socket, {}, '[2001:db8::1]:5', '2001:db8::1'],
    ['peer, mapped', socket, {}, '[::ffff:127.0.0.1]:5', '127.0.0.1'],
    ['no peer', socket, { 'cf-connecting-ip': '9.9.9.9' }, '', null],
    ['a peer without port', socket, {}, '1.2.3.4', null],
    ['trusted, one hop', behind, { 'x-forwarded-for': '1.2.3.4' }, '10.0.0.1:5', '1.2.3.4'],
    [
      'trusted, forged first',
      behind,
      { 'x-forwarded-for': '9.9.9.9, 1.2.3.4, 10.0.0.2' },
      '10.0.0.1:5',
      '1.2.3.4',
    ],
    ['trusted, no header', behind, {}, '10.0.0.1:5', null],
    ['trusted, all trusted', behind, { 'x-forwarded-for': '10.1.1.1' }, '10.0.0.1:5', null],
    ['trusted, junk', behind, { 'x-forwarded-for': '1.2.3.4, unknown' }, '10.0.0.1:5', null],
    ['trusted, empty end', behind, { 'x-forwarded-for': '1.2.3.4,' }, '10.0.0.1:5', null],
    ['untrusted peer', behind, { 'x-forwarded-for': '1.2.3.4' }, '8.8.8.8:5', '8.8.8.8'],
    ['a bad list', { ...socket, TRUSTED_PROXIES: '10.0.0.0/99' }, {}, '8.8.8.8:5', null],
  ])('%s', (_title, env, headers, peer, expected) => {
    expect(from(env, headers as Record<string, string>, peer)).toBe(expected)
  })
})

describe('what the record keeps', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
  ])('of %s is %s', (address, kept) => {
    const parsed = parseAddress(address)
    expect(parsed && truncated(parsed)).toBe(kept)
  })
})
