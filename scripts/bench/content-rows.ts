import { createHash } from 'node:crypto'

import type { Reader } from './content-providers.ts'
import { agentKey } from './fixture.ts'
import { shot } from './load.ts'
import { KILOBYTE, NAMES, against, get, headersFor } from './rows.ts'
import type { Ask, Row, Side, Targets } from './rows.ts'
import { talking } from './sockets.ts'
import { ID, called, listed } from './tools.ts'

const CONNECTIONS = 16

/** The rows of calls whose content is read, or which are signed, each against the bare worker's call. */
export function contentRows(targets: Targets): readonly Row[] {
  const { bare, readers } = targets
  const pair = against(bare, readers)
  const rows: readonly Omit<Row, 'connections'>[] = [
    pair(NAMES.unread, json('body', '/unread', ITEM)),
    pair(NAMES.read, json('body', '/read', ITEM)),
    pair(NAMES.graphql, json('graph', '/graphql', QUERY)),
    pair(NAMES.toolCall, mcp('call', TOOLS_CALL, { all: called(), left: called() })),
    pair(NAMES.toolList, mcp('list', TOOLS_LIST, { all: listed(), left: listed(['delete']) })),
    pair(NAMES.s3Get, s3('GET')),
    pair(NAMES.s3Put, s3('PUT', OBJECT)),
    pair(NAMES.s3PutHashed, s3('PUT', OBJECT, createHash('sha256').update(OBJECT).digest('hex'))),
    socketRow(targets),
  ]
  return rows.map((row) => ({ ...row, connections: CONNECTIONS }))
}

/** What a client of a shop's API sends: 300 bytes. */
const ITEM = {
  charge: 'ch_3PqX8a2eZvKYlo2C1mN4tR7s',
  amount: 4200,
  currency: 'eur',
  reason: 'requested_by_customer',
  metadata: { order: 'A-2041-77', agent: 'support', note: 'One of two "blue" mugs came broken.' },
  instructions: { email: 'buyer@example.com', notify: true, lines: [1, 4, 9] },
  description: 'Refund of one item',
}

/** What a client of GitHub's asks about a pull request. */
const QUERY = {
  query: `query PullRequest($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) {
    pullRequest(number: $number) {
      id number title state url isDraft mergeable reviewDecision headRefName baseRefName
      author { login }
      labels(first: 20) { nodes { name color } }
      reviews(last: 10) { nodes { author { login } state submittedAt } }
      commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
      files(first: 50) { totalCount nodes { path additions deletions } }
    }
  }
  viewer { login }
}`,
  variables: { owner: 'acme', repo: 'site', number: 42 },
}

/** A POST that is answered with 1 KB. */
function json(provider: Reader, path: string, body: unknown): Ask {
  const bytes = Buffer.from(JSON.stringify(body))
  const expected = { status: 200, length: KILOBYTE.length }
  return (target, key) =>
    shot(
      ['POST', path],
      { ...headersFor(target, key, provider), 'Content-Type': 'application/json' },
      expected,
      bytes,
    )
}

const TOOLS_LIST = { jsonrpc: '2.0', id: ID, method: 'tools/list', params: {} }
const TOOLS_CALL = {
  jsonrpc: '2.0',
  id: ID,
  method: 'tools/call',
  params: {
    name: 'search',
    arguments: { query: 'login page is slow', state: 'open', limit: 20, labels: ['bug', 'web'] },
  },
}

/** `left`: of all that the server says, what Outpost gives to the agent. */
function mcp(
  path: string,
  message: unknown,
  { all, left }: { readonly all: string; readonly left: string },
): Ask {
  const bytes = Buffer.from(JSON.stringify(message))
  return (target, key) => {
    const headers = {
      ...headersFor(target, key, 'tools' satisfies Reader),
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      'MCP-Protocol-Version': '2025-06-18',
    }
    const length = Buffer.byteLength('fixture' in target ? left : all)
    return shot(['POST', `/mcp/${path}`], headers, { status: 200, length }, bytes)
  }
}

const OBJECT = Buffer.alloc(64 * 1024, 'outpost ')

/** As an SDK signs it with the agent's key. Nobody checks the signature. */
function s3(method: string, body?: Buffer, payload = 'UNSIGNED-PAYLOAD'): Ask {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const names = 'accept;accept-encoding;host;user-agent;x-amz-content-sha256;x-amz-date;x-provider'
  const scope = `${stamp.slice(0, 8)}/eu-central-1/s3/aws4_request`
  return (target, key) => {
    const { 'X-Outpost-Auth': _, ...headers } = headersFor(target, key, 'bucket' satisfies Reader)
    const signed = {
      ...headers,
      Authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope}, SignedHeaders=${names}, Signature=${'0'.repeat(64)}`,
      'X-Amz-Content-Sha256': payload,
      'X-Amz-Date': stamp,
    }
    const expected = { status: 200, length: KILOBYTE.length }
    return shot([method, '/bucket/object'], signed, expected, body)
  }
}

/** A row of messages in place of requests. */
function socketRow({ bare, readers }: Targets): Omit<Row, 'connections'> {
  const path = '/socket'
  const provider = 'sockets' satisfies Reader
  const { name, base, tested } = against(bare, readers)(
    NAMES.socket,
    get(path, KILOBYTE.length, provider),
  )
  const key = agentKey(readers.fixture)
  const text = KILOBYTE.toString('latin1')
  const over = (side: Side): Side => {
    const { Host: _, ...headers } = headersFor(side.target, key, provider)
    return { ...side, fire: talking(side.target, { path, headers, text }) }
  }
  return { name, base: over(base), tested: over(tested) }
}
