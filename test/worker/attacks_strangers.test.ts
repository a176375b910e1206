import { describe, expect, it } from 'vitest'

import type { Provider } from '../../src/catalog.ts'
import { approvalStatus } from '../../src/control/agent.ts'
import { newId, newToken } from '../../src/grants/token.ts'
import { readSettings } from '../../src/settings.ts'
import { aHost, aProvider } from '../builders.ts'
import { asked } from '../recording.ts'
import { random } from '../tenants/world.ts'
import { aWorld, codeOf } from './attack_world.ts'

const HIDDEN: Provider = aProvider({
  name: 'stripe-globex',
  tenant: 'globex',
  auth: {
    type: 'api_key_header',
    secret: { env: 'X' },
    header: 'X-Globex-Key',
    prefix: '',
    invalidate_on: [401],
  },
})
const NAMES = ['stripe-globex', 'api', 'no-such-thing']

describe('whether another tenant has an alias', () => {
  const keyed = { providers: [aProvider(), HIDDEN], hosts: [aHost({ auth_token_env: 'KEY' })] }

  it.each<[string, (token: string) => Record<string, string>]>([
    ['nothing', () => ({})],
    ['a made-up token', () => ({ 'x-globex-key': newToken(random) })],
    ['a made-up token and a word', () => ({ 'x-globex-key': `Bearer ${newToken(random)}` })],
    [
      'two made-up tokens',
      () => ({ authorization: `Bearer ${newToken(random)}`, 'x-globex-key': newToken(random) }),
    ],
    ['a token in its slot', (token) => ({ 'x-globex-key': token })],
    [
      'a token, and a made-up one in its slot',
      (token) => ({ authorization: `Bearer ${token}`, 'x-globex-key': newToken(random) }),
    ],
    ['a word in its slot', () => ({ 'x-globex-key': 'a-word' })],
  ])('is told neither by the answer nor by the hops to who shows %s', async (_title, shows) => {
    const answers = await Promise.all(
      NAMES.map(async (provider) => {
        const w = aWorld(keyed)
        const { token } = await w.grant({
          providers: [{ provider: 'other', access: 'write', allow: null, deny: [] }],
        })
        const headers = { ...shows(token), 'x-provider': provider }
        const response = await w.call('/', { headers })
        const text = await response.text()
        const status = response.status
        return { status, text, hops: w.hops.map((each) => each.replace(w.known.name, 'own')) }
      }),
    )
    const [hidden, , unknown] = answers
    expect(hidden).toEqual(unknown)
    // Whoever is not let in learns nothing of any provider.
    if (hidden?.status !== 400) expect(answers[1]).toEqual(unknown)
  })
})

describe('a token that nobody has', () => {
  it('costs one hop to the index, and the next time none', async () => {
    const w = aWorld({ hosts: [aHost({ cidrs: ['10.0.0.0/8'] })] })
    const tokens = Array.from({ length: 20 }, () => newToken(random))
    for (const token of [...tokens, ...tokens]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are remembered
      expect(await codeOf(await w.call('/a', {}, token))).toBe('PROXY_HOST_DENIED')
    }
    expect(w.hops).toEqual(tokens.map(() => 'index'))
  })
})

describe('the state of an approval', () => {
  it('is asked of no other tenant than the agent’s, whatever the id says', async () => {
    const w = aWorld()
    const { token } = await w.grant({ approval: 'all' })
    await w.post('/a', token)
    const own = (await w.waiting()).id
    const status = (id: string) => {
      const registry = () => ({ tagged: async () => (w.hops.push('registry'), ['victim']) })
      const request = asked('/', { headers: { 'x-outpost-auth': token } })
      const deps = {
        ...w.deps,
        registry,
        settings: readSettings({ CLIENT_IP_SOURCE: 'cloudflare' }),
      }
      const asking = { params: { id }, request, deps, now: Date.now(), by: '' }
      return approvalStatus(asking as never)
    }
    expect(await status(own)).toMatchObject({ id: own, state: 'pending' })
    w.hops.length = 0
    await expect(status(newId('ap', 'victim', random))).rejects.toMatchObject({
      code: 'PROXY_NOT_FOUND',
    })
    expect(new Set(w.hops)).toEqual(new Set([`tenant ${w.known.name}`]))
  })
})

describe('a redirect to an endpoint of our own', () => {
  it.each(['/_outpost?x', '/_outpost/status', '/_outpost#x', '/_outpost'])(
    'by %s is handed out absolute',
    async (location) => {
      const w = aWorld()
      const { token } = await w.grant()
      w.reply.make = () => new Response(null, { status: 302, headers: { location } })
      const response = await w.call('/a', {}, token)
      expect(response.headers.get('location')).toBe(`https://api.test${location}`)
    },
  )
})
