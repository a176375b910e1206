import { describe, expect, it } from 'vitest'

import { readTeam } from '../../src/control/team.ts'

const TAG = '4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2'
const CLOSED = ': nobody comes in through Cloudflare Access'

describe('readTeam', () => {
  it.each([
    ['acme', 'https://acme.cloudflareaccess.com'],
    ['Acme-2', 'https://acme-2.cloudflareaccess.com'],
    ['acme.cloudflareaccess.com', 'https://acme.cloudflareaccess.com'],
    ['https://acme.cloudflareaccess.com', 'https://acme.cloudflareaccess.com'],
    ['HTTPS://ACME.CloudflareAccess.com', 'https://acme.cloudflareaccess.com'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['http://localhost:9000', 'http://localhost:9000'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
  ])('%s is %s', (domain, origin) => {
    expect(readTeam(domain, TAG)).toEqual({ origin, audiences: [TAG] })
  })

  it.each([
    'http://acme.cloudflareaccess.com',
    'http://acme',
    'acme.example.com',
    'https://acme.example.com',
    'acme.cloudflareaccess.com.evil.test',
    'evil.test/acme.cloudflareaccess.com',
    'a.b.cloudflareaccess.com',
    'https://acme.cloudflareaccess.com/',
    'https://acme.cloudflareaccess.com/x',
    'https://acme.cloudflareaccess.com:8443',
    'https://x@acme.cloudflareaccess.com',
    'acme cloudflareaccess',
    '-acme',
    'acme,other',
    'http://127.0.0.1',
    'http://127.0.0.1:0x50',
    'http://127.0.0.1:99999',
    'http://127.0.0.1:80',
    'http://127.0.0.1:9000/',
    'http://127.0.0.1:9000/certs',
    'https://127.0.0.1:9000',
    'http://127.0.0.2:9000',
    'http://127.1:9000',
    'http://x@127.0.0.1:9000',
    'http://localhost.evil.test:9000',
    'http://[::2]:9000',
    '127.0.0.1:9000',
    'localhost:9000',
  ])('%s is no team', (domain) => {
    expect(readTeam(domain, TAG)).toEqual({ problem: `ACCESS_TEAM_DOMAIN has an error${CLOSED}` })
  })

  it.each<[string, string[] | null]>([
    [TAG, [TAG]],
    [`${TAG},b`, [TAG, 'b']],
    [`a , b`, ['a', 'b']],
    [',', null],
    ['a,', null],
    ['a,,b', null],
    ['a b', null],
    ['"a"', null],
    ['*', null],
    ['a'.repeat(257), null],
  ])('audiences %j: %j', (text, audiences) => {
    const problem = `ACCESS_AUD has an error${CLOSED}`
    expect(readTeam('acme', text)).toMatchObject(audiences ? { audiences } : { problem })
  })

  it('half of it is a problem, none of it is none', () => {
    expect(readTeam('', '')).toBeNull()
    expect(readTeam('acme', '')).toEqual({ problem: `ACCESS_AUD is not set${CLOSED}` })
    expect(readTeam('', TAG)).toEqual({ problem: `ACCESS_TEAM_DOMAIN is not set${CLOSED}` })
  })
})
