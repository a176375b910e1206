import { describe, expect, it } from 'vitest'

import { NO_SLOTS, presentedIn } from '../../src/presented.ts'
import { isOffered, isUpgrade, offerUpstream } from '../../src/websocket/upgrade.ts'
import { aCall } from '../builders.ts'

const TOKEN = `op_${'a1'.repeat(21)}Z`

const WHOLE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

function asked(over: Readonly<Record<string, string | null>>, method = 'GET'): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries({ ...WHOLE, ...over })) {
    if (value !== null) headers.set(name, value)
  }
  return new Request('https://proxy.test/', { method, headers })
}

describe('an upgrade', () => {
  it.each([
    ['as RFC 6455 has it', {}],
    ['in other letters', { upgrade: 'WebSocket', connection: 'keep-alive, UPGRADE' }],
    ['whose connection the platform keeps to itself', { connection: null }],
  ])('%s is one', (_title, over) => {
    expect(isUpgrade(asked(over))).toBe(true)
  })

  it.each<[string, Readonly<Record<string, string | null>>]>([
    ['no Upgrade', { upgrade: null }],
    ['two', { upgrade: 'websocket, h2c' }],
    ['another', { upgrade: 'h2c' }],
    ['a longer word', { upgrade: 'websockets' }],
    ['no key', { 'sec-websocket-key': null }],
    ['two keys', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==' }],
    ['a short key', { 'sec-websocket-key': 'dGhl' }],
    ['no version', { 'sec-websocket-version': null }],
    ['an old version', { 'sec-websocket-version': '8' }],
    ['a connection of another kind', { connection: 'close' }],
    ['a connection that names another header', { connection: 'x-upgrade' }],
    ['a length', { 'content-length': '0' }],
    ['a coding', { 'transfer-encoding': 'chunked' }],
  ])('%s is none', (_title, over) => {
    expect(isUpgrade(asked(over))).toBe(false)
  })

  it.each(['POST', 'PUT', 'HEAD', 'OPTIONS'])('%s is none', (method) => {
    expect(isUpgrade(asked({}, method))).toBe(false)
  })
})

const K8S = 'base64url.bearer.authorization.k8s.io.'

describe('subprotocols', () => {
  it.each<[string, readonly string[], string | null]>([
    ['realtime', [], 'realtime'],
    ['realtime, b.c', [], 'realtime, b.c'],
    [` a ,, ${TOKEN} , b`, [], 'a, b'],
    [TOKEN, [], null],
    [`realtime, openai-insecure-api-key.${TOKEN}`, [], 'realtime'],
    ['realtime, openai-insecure-api-key.sk-mine', [], 'realtime'],
    [`x.y.${TOKEN}`, [], null],
    [`v4.channel.k8s.io, ${K8S}${btoa(TOKEN).replaceAll('=', '')}`, [], 'v4.channel.k8s.io'],
    [`v4.channel.k8s.io, ${K8S}a-_b`, [], 'v4.channel.k8s.io'],
    ['token, my-own-key', ['my-own-key'], 'token'],
    ['token, prefix.my-own-key', ['', 'my-own-key'], 'token'],
  ])('%s', (list, shown, expected) => {
    const received = new Headers({ 'sec-websocket-protocol': list, ...WHOLE })
    const headers = new Headers(received)
    offerUpstream(headers, received, shown)
    expect(headers.get('sec-websocket-protocol')).toBe(expected)
    expect([...headers.keys()].filter((name) => /^sec-websocket-(?!protocol)/.test(name))).toEqual(
      [],
    )
  })

  it('one that was offered may be chosen, and none', () => {
    const received = new Headers({ 'sec-websocket-protocol': `a, ${TOKEN}` })
    expect([null, 'a', 'A', 'b', '', TOKEN].map((each) => isOffered(each, received, []))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it.each([
    [`realtime, openai-insecure-api-key.${TOKEN}`, [TOKEN]],
    ['realtime, openai-insecure-api-key.sk-mine', ['sk-mine']],
    [`token, ${TOKEN}`, [TOKEN]],
    [`a, ${K8S}${btoa(TOKEN).replaceAll('=', '')}`, [TOKEN]],
    [
      `a, ${K8S}${btoa('key?of~a>host').replaceAll('+', '-').replaceAll('/', '_')}`,
      ['key?of~a>host'],
    ],
    ['a, b.c', []],
  ])('%s shows %j', (list, keys) => {
    const call = aCall('GET', '/')
    const request = new Request('https://proxy.test/', {
      headers: { 'sec-websocket-protocol': list },
    })
    expect(presentedIn({ ...call, request }, NO_SLOTS).deciding).toEqual(keys)
  })
})
