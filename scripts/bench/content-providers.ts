import { withMore } from './fixture.ts'
import type { Fixture, ProviderPlan } from './fixture.ts'

/** Providers whose rules read what a call says, or whose scheme signs it. */
export type Reader = 'body' | 'graph' | 'tools' | 'bucket' | 'sockets'

/** The secrets of the one that signs. */
const KEY = { id: 'BENCH_ACCESS_KEY_ID', secret: 'BENCH_SECRET_ACCESS_KEY' }

const CONDITIONS = [
  'amount: { gte: 1, lte: 5000 }',
  'currency: { in: [eur, usd] }',
  "reason: { matches: '[a-z_]{1,40}' }",
].join(', ')

const PLANS: Readonly<Record<Reader, ProviderPlan>> = {
  body: {
    rules: [
      'method: POST, path: /unread, sensitive: false',
      `method: POST, path: /read, sensitive: false, body: { ${CONDITIONS} }`,
    ],
  },
  graph: {
    keys: `graphql:
  allow: [query, mutation.addComment, 'mutation.addLabels*']
  sensitive: ['mutation.create*', 'mutation.update*']
  deny: ['mutation.delete*', query.__schema, query.__type]
  max_depth: 12
  max_aliases: 30`,
  },
  tools: {
    keys: `mcp:
  path: /mcp/*
  tools:
    allow: ['get_*', 'list_*', search]
    sensitive: ['create_*', 'update_*']
    deny: ['delete_*']
    arguments:
      search:
        limit: { lte: 100 }
        state: { in: [open, closed] }
        query: { matches: '[^<>]{1,200}' }`,
  },
  bucket: {
    auth: [
      'type: aws_sigv4',
      `access_key_id_env: ${KEY.id}`,
      `secret_access_key_env: ${KEY.secret}`,
    ].join(', '),
    rules: ["method: PUT, path: '/bucket/**', sensitive: false"],
  },
  sockets: { keys: 'websocket: allow' },
}

/** Adds these providers to a fixture that is not built yet, with as many rules as its own have. */
export function withContent(fixture: Fixture, upstream: string, rules: number): Fixture {
  return withMore(fixture, upstream, rules, { plans: PLANS, secrets: Object.values(KEY) })
}
