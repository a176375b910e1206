import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { bindingsIn } from '../../scripts/catalog/own-bindings.ts'
import { formatProblem } from '../../scripts/catalog/problem.ts'
import { compileFiles } from '../../scripts/compile.ts'

const OURS = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')

describe('the bindings of a wrangler.toml', () => {
  it('of this project', () => {
    expect(Object.fromEntries(bindingsIn(OURS))).toEqual({
      LIMITS: 'durable_objects',
      REPLAYS: 'durable_objects',
      TOKEN_VAULT: 'durable_objects',
      TENANTS: 'durable_objects',
      GRANT_INDEX: 'durable_objects',
      REGISTRY: 'durable_objects',
      TOKENS: 'kv_namespaces',
    })
  })

  it.each<[string, string, Record<string, string>]>([
    ['a table', "[ai]\nbinding = 'AI'", { AI: 'ai' }],
    ['one of a list', '[[r2_buckets]] # "x"\nbinding="A" # binding = "B"', { A: 'r2_buckets' }],
    ['of an environment', '[[env.prod.kv_namespaces]]\nbinding = "A"', { A: 'kv_namespaces' }],
    ['inline', 'kv_namespaces = [{ id = "i", binding = "A" }]', { A: 'kv_namespaces' }],
    [
      'inline, over lines',
      'kv_namespaces = [\n  { binding = "A" },\n]\nname = "B"',
      {
        A: 'kv_namespaces',
      },
    ],
    [
      'objects inline',
      '[durable_objects]\nbindings = [\n  { name = "A", class_name = "B" },\n]',
      {
        A: 'durable_objects',
      },
    ],
    [
      'objects inline with dots',
      'durable_objects.bindings = [{ name = "A", class_name = "B" }]',
      {
        A: 'durable_objects',
      },
    ],
    ['a queue', '[[queues.producers]]\nqueue = "q"\nbinding = "Q"', { Q: 'queues' }],
    ['a mailer', '[[send_email]]\nname = "MAIL"', { MAIL: 'send_email' }],
    ['quoted keys', '[["kv_namespaces"]]\n"binding" = "A"', { A: 'kv_namespaces' }],
    ['a secret of a store', '[[secrets_store_secrets]]\nbinding = "A"\nsecret_name = "a"', {}],
    ['one inline', 'secrets_store_secrets = [{ binding = "A", secret_name = "a" }]', {}],
    ['a variable, a name', 'name = "A"\n[vars]\nB = "C"\n[[migrations]]\ntag = "v1"', {}],
    ['a comment', '# [[kv_namespaces]]\n# binding = "A"', {}],
    ['nothing', '', {}],
  ])('%s', (_title, toml, bindings) => {
    expect(Object.fromEntries(bindingsIn(toml))).toEqual(bindings)
  })
})

describe('a secret that has the name of a binding', () => {
  const compiled = (auth: string, hosts = 'hosts: [{ id: a, cidrs: [10.0.0.0/8] }]') =>
    compileFiles(
      [{ file: 'providers/x.yaml', text: `name: x\nbase_url: https://x.test\nauth: ${auth}\n` }],
      { file: 'hosts.yaml', text: hosts },
      { bindings: bindingsIn(OURS) },
    )
  const kv =
    'TOKENS is a binding of wrangler.toml (kv_namespaces), and no secret; choose another name'
  const object =
    'REGISTRY is a binding of wrangler.toml (durable_objects), and no secret; choose another name'

  it.each([
    ['{ type: bearer_static, env: TOKENS }', `providers/x.yaml:3:35  auth.env: ${kv}`],
    [
      '{ type: bearer_static, env: A, previous: { env: REGISTRY } }',
      `providers/x.yaml:3:55  auth.previous.env: ${object}`,
    ],
    [
      '{ type: basic_auth, username: { env: A }, password_env: TOKENS }',
      `providers/x.yaml:3:63  auth.password_env: ${kv}`,
    ],
  ])('is refused: %s', async (auth, problem) => {
    const { problems } = await compiled(auth)
    expect(problems.map((each) => formatProblem(each))).toEqual([problem])
  })

  it('is refused as the key of a host', async () => {
    const hosts = 'hosts:\n  - { id: a, cidrs: [10.0.0.0/8], auth_token_env: TOKENS }'
    const { problems } = await compiled('none', hosts)
    expect(problems.map((each) => formatProblem(each))).toEqual([
      `hosts.yaml:2:51  hosts[0].auth_token_env: ${kv}`,
    ])
  })

  it('may have any other', async () => {
    const { problems } = await compiled('{ type: bearer_static, env: TOKENS_2 }')
    expect(problems).toEqual([])
  })
})
