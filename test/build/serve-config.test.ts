import { describe, expect, it } from 'vitest'
import type { Unstable_Config } from 'wrangler'

import {
  bindingsOf,
  objectClasses,
  refuseUnserved,
  workerdConfig,
} from '../../scripts/workerd/config.ts'
import type { Plan } from '../../scripts/workerd/config.ts'
import { calledBy, namesOf } from '../../scripts/workerd/needs.ts'
import { privatePeers } from '../../scripts/workerd/private-peers.ts'

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'api.example.com': ['93.184.216.34'],
  'git.internal': ['10.1.2.3', 'fd12::1', '93.184.216.34'],
  'mapped.internal': ['::ffff:192.168.0.7'],
  'metadata.example': ['169.254.169.254', 'fe80::1'],
  'here.example': ['127.0.0.1'],
}

async function resolve(host: string): Promise<readonly string[]> {
  if (host === 'silent.example') return new Promise(() => {})
  const found = NAMES[host]
  if (!found) throw new Error('ENOTFOUND')
  return found
}

describe('privatePeers', () => {
  it.each([
    { url: 'http://127.0.0.1:8789', peers: ['127.0.0.1/32'] },
    { url: 'http://127.1/x', peers: ['127.0.0.1/32'] },
    { url: 'https://10.2.3.4/api', peers: ['10.2.3.4/32'] },
    { url: 'http://[::1]:80', peers: ['::1/128'] },
    { url: 'http://[::ffff:10.0.0.1]', peers: ['10.0.0.1/32'] },
    { url: 'http://169.254.169.254', peers: ['169.254.169.254/32'] },
    { url: 'http://localhost:3000', peers: ['127.0.0.1/32', '::1/128'] },
    { url: 'http://localhost.:3000', peers: ['127.0.0.1/32', '::1/128'] },
    { url: 'https://93.184.216.34', peers: [] },
    { url: 'https://api.example.com', peers: [] },
    { url: 'https://git.internal', peers: ['10.1.2.3/32', 'fd12::1/128'] },
    { url: 'https://mapped.internal', peers: ['192.168.0.7/32'] },
    { url: 'https://metadata.example', peers: [] },
    { url: 'https://here.example', peers: ['127.0.0.1/32'] },
    { url: 'https://unknown.example', peers: [] },
    { url: 'https://silent.example', peers: [] },
  ])('$url: $peers', async ({ url, peers }) => {
    expect(await privatePeers([url], resolve)).toEqual(peers)
  })

  it('names each address once', async () => {
    const urls = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'https://here.example']
    expect(await privatePeers(urls, resolve)).toEqual(['127.0.0.1/32'])
  })
})

describe('what the Worker calls', () => {
  const uris = ['vault://kv/app#key', 'aws-sm://eu-west-1/app']
  const VAULT_ADDR = 'http://vault.internal:8200'

  it.each<[string, readonly string[], Record<string, unknown>, readonly string[]]>([
    ['nothing beside its providers', [], { VAULT_ADDR, VAULT_TOKEN: 'https://x.test' }, []],
    ['where a secret is kept that a provider names', uris, { VAULT_ADDR }, [VAULT_ADDR]],
    ['but not with a token', uris, { VAULT_ADDR, VAULT_TOKEN: 'hvs.x' }, [VAULT_ADDR]],
    ['nor what is no address', uris, { VAULT_ADDR: 'vault.internal', VAULT_TOKEN: '' }, []],
    ['nor another backend', uris, { OP_CONNECT_HOST: 'http://connect.internal' }, []],
    ['who is told', [], { APPROVAL_WEBHOOK_URL: 'http://10.0.0.9/x' }, ['http://10.0.0.9/x']],
  ])('%s', (_title, named, env, called) => {
    const needs = { secrets: [], baseUrls: ['https://api.test'], uris: named }
    expect(calledBy(needs, env)).toEqual(['https://api.test', ...called])
  })
})

describe('what the Worker is given of the environment', () => {
  const config = {
    vars: {},
    durable_objects: { bindings: [] },
    kv_namespaces: [],
  } as unknown as Unstable_Config
  const AWS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  const CONNECT = ['OP_CONNECT_HOST', 'OP_CONNECT_TOKEN']

  it.each<[string, readonly string[] | undefined, readonly string[], readonly string[]]>([
    ['no provider keeps a secret elsewhere', undefined, [], [...AWS, ...CONNECT, 'VAULT_TOKEN']],
    ['one does', ['vault://kv/app#key'], ['VAULT_TOKEN'], [...AWS, ...CONNECT]],
    ['two do', ['aws-sm://eu-west-1/app', 'op://a/b/c'], [...AWS, ...CONNECT], ['VAULT_TOKEN']],
    ['a place is not known', ['gone://a'], [], [...AWS, ...CONNECT]],
  ])('has the settings of the places that are in use: %s', (_title, uris, given, kept) => {
    const names = namesOf({ secrets: ['ONE_KEY'], ...(uris && { uris }) })
    expect(names).toEqual(expect.arrayContaining(['OUTPOST_ADMIN_TOKEN', 'ONE_KEY', ...given]))
    expect(names.filter((name) => kept.includes(name))).toEqual([])
    const env = Object.fromEntries([...AWS, ...CONNECT].map((name) => [name, 'sentinel']))
    const bound = bindingsOf(config, names, env).map(({ name }) => name)
    expect(bound.toSorted()).toEqual([...names, 'CLIENT_IP_SOURCE'].toSorted())
  })
})

describe('objectClasses', () => {
  it.each([
    { migrations: [], classes: [] },
    {
      migrations: [{ tag: '1', new_sqlite_classes: ['A'], new_classes: ['B'] }],
      classes: [
        { className: 'B', uniqueKey: 'B', enableSql: false },
        { className: 'A', uniqueKey: 'A', enableSql: true },
      ],
    },
    {
      migrations: [
        { tag: '1', new_sqlite_classes: ['A', 'B'] },
        { tag: '2', renamed_classes: [{ from: 'A', to: 'C' }], deleted_classes: ['B'] },
      ],
      classes: [{ className: 'C', uniqueKey: 'A', enableSql: true }],
    },
  ])('$migrations', ({ migrations, classes }) => {
    expect(objectClasses({ migrations } as unknown as Unstable_Config)).toEqual(classes)
  })
})

describe('workerdConfig', () => {
  const plan: Plan = {
    address: '127.0.0.1:1',
    module: 'worker.js',
    compatibilityDate: '2026-10-01',
    compatibilityFlags: [],
    bindings: [],
    objects: [],
    objectsDir: '/data/objects',
    peers: [],
  }

  it('gives the Worker a disk only when it has objects', () => {
    const objects = [{ className: 'A', uniqueKey: 'A', enableSql: true }]
    expect(workerdConfig(plan)).not.toContain('/data/objects')
    expect(workerdConfig({ ...plan, objects })).toContain('/data/objects')
  })

  it('keeps a text a text, whatever is in it', () => {
    const text = '"), (name = "X", fromEnvironment = "HOME'
    expect(workerdConfig({ ...plan, bindings: [{ name: 'A', text }] })).toContain(
      String.raw`text = "\"), (name = \"X\", fromEnvironment = \"HOME"`,
    )
  })
})

describe('several isolates', () => {
  const objects = [{ className: 'A', uniqueKey: 'A', enableSql: true }]
  const plan: Plan = {
    address: '127.0.0.1:1',
    module: 'worker.js',
    compatibilityDate: '2026-10-01',
    compatibilityFlags: [],
    bindings: [{ name: 'AS', durableObjectNamespace: 'A' }],
    objects,
    objectsDir: '/data/objects',
    peers: [],
  }

  it('have the objects of the first, and are chosen by who stands before them', () => {
    const isolates = { count: 3, module: 'isolate-router.js' }
    const text = workerdConfig({ ...plan, isolates }).replaceAll(/\s+/g, ' ')
    expect(text.match(/durableObjectNamespaces/g)).toHaveLength(1)
    expect(text.match(/className = "A", serviceName = "main"/g)).toHaveLength(2)
    expect(text).toContain('(name = "3", service = "isolate-3")')
    expect(text).toContain('service = "router"')
  })

  it('are one where nobody asks for more', () => {
    expect(workerdConfig(plan)).not.toMatch(/router|isolate/)
  })
})

describe('refuseUnserved', () => {
  it('takes the names of a Secrets Store for secrets of the environment', () => {
    const config = { secrets_store_secrets: [{ binding: 'A' }] } as unknown as Unstable_Config
    expect(() => refuseUnserved(config)).not.toThrow()
  })

  it('names what plain workerd has not got', () => {
    const config = { r2_buckets: [{ binding: 'FILES' }] } as unknown as Unstable_Config
    expect(() => refuseUnserved(config)).toThrow('r2_buckets is not supported')
  })
})

describe('a KV namespace', () => {
  const kv = { names: ['TOKENS'], dir: '/data/kv', module: 'kv-service.js' }
  const plan = {
    address: '127.0.0.1:1',
    module: 'worker.js',
    compatibilityDate: '2026-10-01',
    compatibilityFlags: [],
    objects: [],
    objectsDir: '/data/objects',
    peers: [],
  }

  it('is a folder, and a service in front of it that can call nothing else', () => {
    const bindings = [{ name: 'TOKENS', kvNamespace: 'kv-TOKENS' }]
    const text = workerdConfig({ ...plan, bindings, kv }).replaceAll(/\s+/g, ' ')
    expect(text).toContain('path = "/data/kv/TOKENS", writable = true')
    expect(text).toContain('esModule = embed "kv-service.js"')
    expect(text).toContain('globalOutbound = "kv-TOKENS-files"')
    expect(text).toContain('name = "TOKENS", kvNamespace = "kv-TOKENS"')
  })

  it('is bound by its name in wrangler.toml', () => {
    const config = {
      vars: {},
      durable_objects: { bindings: [] },
      kv_namespaces: [{ binding: 'TOKENS' }],
    } as unknown as Unstable_Config
    expect(bindingsOf(config, [], {})).toContainEqual({ name: 'TOKENS', kvNamespace: 'kv-TOKENS' })
  })
})
