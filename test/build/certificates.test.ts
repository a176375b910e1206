import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeEach, expect, it } from 'vitest'

import { layOutCertificates, removeCertificates } from '../../scripts/workerd/certificates.ts'
import { authority } from '../clients/authority.ts'

const CA = authority('a test')
const ONE = CA.issue('one')
const OTHER = CA.issue('other')
const folder = mkdtempSync(join(tmpdir(), 'outpost-certificates-'))

beforeEach(() => removeCertificates(folder))
afterAll(() => rmSync(folder, { recursive: true }))

function laidOut(env: Readonly<Record<string, string>>) {
  const told: string[] = []
  const plans = layOutCertificates(folder, ['BANK'], env, (line) => told.push(line))
  return { plans, told }
}

it('a certificate lies in files of its user’s alone, and is removed', () => {
  writeFileSync(join(folder, 'config'), '')
  const env = { BANK_CERT: ONE.cert + CA.cert, BANK_KEY: ONE.key, BANK_CA: CA.cert + CA.cert }
  const { plans, told } = laidOut(env)
  expect(told).toEqual([])
  const [plan] = plans
  expect(plan?.authorities).toHaveLength(2)
  const files = readdirSync(join(folder, 'certificates'))
  expect(files).toHaveLength(4)
  for (const file of files) {
    expect(statSync(join(folder, 'certificates', file)).mode & 0o777).toBe(0o600)
  }
  expect(readFileSync(join(folder, plan?.key ?? ''), 'utf8').trim()).toBe(ONE.key.trim())
  removeCertificates(folder)
  expect(readdirSync(folder)).toEqual(['config'])
})

it.each([
  ['no key', { BANK_CERT: ONE.cert }, 'one of certificate and key is not set'],
  ['no certificate', { BANK_KEY: ONE.key }, 'one of certificate and key is not set'],
  [
    'the key of another',
    { BANK_CERT: ONE.cert, BANK_KEY: OTHER.key },
    'not that of the certificate',
  ],
  ['no PEM', { BANK_CERT: ONE.cert, BANK_KEY: 'sentinel-key' }, 'cannot be read as PEM'],
  ['them swapped', { BANK_CERT: ONE.key, BANK_KEY: ONE.cert }, 'cannot be read as PEM'],
  [
    'an authority that is none',
    { BANK_CERT: ONE.cert, BANK_KEY: ONE.key, BANK_CA: 'sentinel-ca' },
    'the authority is no certificate',
  ],
])('%s: there is none, and it is said', (_title, env, why) => {
  const { plans, told } = laidOut(env)
  expect(plans).toEqual([])
  expect(told).toEqual([expect.stringContaining(`BANK: `)])
  expect(told[0]).toContain(why)
  expect(told[0]).not.toMatch(/sentinel|-----/)
  expect(readdirSync(folder)).not.toContain('certificates')
})

it('one that is not set is left out without a word', () => {
  expect(laidOut({})).toEqual({ plans: [], told: [] })
})
