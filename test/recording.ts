import { HoldRoom } from '../src/approvals/holds.ts'
import type { Event } from '../src/audit/event.ts'
import { Recorder } from '../src/audit/recorder.ts'
import { signerOf } from '../src/auth/index.ts'
import { MemoryCache } from '../src/cache.ts'
import type { Host, Provider } from '../src/catalog.ts'
import type { Deps } from '../src/deps.ts'
import { Copies } from '../src/grants/copies.ts'
import { KnownCooldowns } from '../src/limits/cooldowns.ts'
import { opening } from '../src/opening.ts'
import { Secret } from '../src/secret.ts'
import { readSettings } from '../src/settings.ts'
import { aCatalog, aTenant } from './builders.ts'

export const SENTINEL = 'sentinel-9f2c7d41'
export const NOW = Date.UTC(2026, 10, 22)
const ADMITTED = { admitted: true, turn: NOW, wait_ms: 0, levels: [] } as const

/** Deps that write down what the request path did, in order. */
export function recording(provider: Provider, host: Host, over: Partial<Deps> = {}) {
  const trail: string[] = []
  const sent: Request[] = []
  const events: Event[] = []
  const lines: string[] = []
  const deps: Deps = {
    catalog: aCatalog([provider], [host]),
    settings: readSettings({ CLIENT_IP_SOURCE: 'cloudflare' }),
    now: () => NOW,
    waitUntil: () => {},
    cache: new MemoryCache(),
    cooldowns: new KnownCooldowns(),
    tokenProblems: async () => [],
    limiterOf: () => ({
      take: async () => (trail.push('limiter'), ADMITTED),
      leave: async () => {},
      cool: async () => (trail.push('cooldown'), 0),
      cooldownUntil: async () => 0,
      refund: async () => void trail.push('refund'),
    }),
    grantLimiterOf: () => ({
      take: async () => (trail.push('grant limiter'), ADMITTED),
      leave: async () => {},
      cool: async () => 0,
      cooldownUntil: async () => 0,
      refund: async () => void trail.push('refund'),
    }),
    tenantOf: () => aTenant(trail),
    grantIndexOf: () => ({ find: async () => 'acme', put: async () => {}, remove: async () => {} }),
    grantCopies: new Copies(),
    pauseCopies: new Copies(),
    notify: null,
    holds: new HoldRoom(),
    recorder: new Recorder(),
    warn: () => {},
    printHead: () => {},
    replayOf: () => ({
      claim: async () => (trail.push('claim'), { is: 'mine' }),
      finish: async () => void trail.push('finish'),
      release: async () => void trail.push('release'),
    }),
    newId: () => 'call-1',
    keyOf: () => (trail.push('host key'), new Secret('host-key')),
    operators: { admin: null, viewer: null },
    access: null,
    hasCertificate: () => false,
    isSet: () => true,
    credentials: () =>
      Object.assign(
        opening(() => (trail.push('secret'), new Secret(SENTINEL))),
        // What is kept outside of the Worker would be read now.
        { ready: () => (trail.push('reading'), null) },
      ),
    signerOf: ({ auth }) => (trail.push('signer'), signerOf(auth, null)),
    send: async (request, init) => {
      trail.push('send')
      sent.push(new Request(request, init))
      return new Response('{}')
    },
    write: (text) => {
      trail.push('record')
      lines.push(text)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `eventText` made
      events.push(JSON.parse(text) as Event)
    },
    ...over,
  }
  return { deps, trail, sent, events, lines }
}

export function asked(path: string, init: RequestInit<RequestInitCfProperties> = {}): Request {
  const headers = new Headers({ 'cf-connecting-ip': '203.0.113.7', 'x-provider': 'api' })
  for (const [name, value] of new Headers(init.headers)) headers.set(name, value)
  return new Request(`https://proxy.test${path}`, { ...init, headers })
}
