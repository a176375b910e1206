import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import { Octokit } from '@octokit/rest'
import { buildSchema, graphql } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'

const GRAPHQL_TOKEN = 'sentinel-graphql-81f0c2aa'
const at = clientsOutpost({ GRAPHQL_TOKEN })

const schema = buildSchema(`
  type User { login: String! }
  type Comment { id: ID! body: String! }
  type Query { viewer: User! }
  type Mutation {
    addComment(body: String!): Comment!
    deleteComment(id: ID!): Comment!
    deleteRepository(id: ID!): ID
    createIssue(title: String!): ID
  }
`)

/** What the server really did, in order. */
const done: string[] = []
const rootValue = {
  viewer: () => (done.push('viewer'), { login: 'octocat' }),
  addComment: ({ body }: { body: string }) => (done.push('addComment'), { id: '1', body }),
  deleteComment: ({ id }: { id: string }) => (done.push('deleteComment'), { id, body: '' }),
  deleteRepository: () => (done.push('deleteRepository'), '1'),
  createIssue: () => (done.push('createIssue'), '1'),
}

let upstream: Server | undefined
let octokit: Octokit
let token = ''

/** It prints what is refused. */
const quiet = () => {}
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

function asOctokit(auth: string): Octokit {
  return new Octokit({ auth, baseUrl: `${at.url}/p/graphql`, log })
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('content-type', 'application/json')
  if (request.headers.authorization !== `bearer ${GRAPHQL_TOKEN}`) {
    response.writeHead(401).end('{"message":"Bad credentials"}')
    return
  }
  const {
    query: source,
    variables,
    operationName,
  } = JSON.parse(await text(request)) as {
    query: string
    variables?: Record<string, unknown>
    operationName?: string
  }
  const result = await graphql({
    schema,
    source,
    rootValue,
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  })
  response.end(JSON.stringify(result))
}

beforeAll(async () => {
  upstream = createServer((request, response) => void answer(request, response))
  await new Promise<void>((listening) => {
    upstream?.listen(at.port('graphql'), '127.0.0.1', listening)
  })
  token = await at.grant('graphql')
  octokit = asOctokit(token)
})

afterAll(() => {
  upstream?.close()
})

const COMMENT = 'mutation ($body: String!) { comment: addComment(body: $body) { id body } }'

describe('octokit.graphql', () => {
  it('reads, and writes with variables', async () => {
    expect(await octokit.graphql('{ viewer { login } }')).toEqual({ viewer: { login: 'octocat' } })
    const written = await octokit.graphql(COMMENT, { body: 'a "quoted" } text' })
    expect(written).toEqual({ comment: { id: '1', body: 'a "quoted" } text' } })
    expect(done.splice(0)).toEqual(['viewer', 'addComment'])
  })

  it('gets the errors of the server as they are', async () => {
    await expect(octokit.graphql('{ nobody { login } }')).rejects.toThrow('Cannot query field')
    expect(done.splice(0)).toEqual([])
  })

  it.each([
    ['mutation { a: deleteRepository(id: 1) }', 403, 'PROXY_PATH_DENIED'],
    [
      'mutation { ...F } fragment F on Mutation { addComment(body: "x") { id } deleteRepository(id: 1) }',
      403,
      'PROXY_PATH_DENIED',
    ],
    ['{ __schema { types { name } } }', 403, 'PROXY_PATH_DENIED'],
    ['mutation { createIssue(title: "x") }', 404, 'PROXY_NO_ROUTE'],
    ['{ a: viewer { b: login } c: viewer { d: login } }', 403, 'PROXY_PATH_DENIED'],
    ['{ viewer { login }', 400, 'PROXY_BAD_REQUEST'],
  ])('%s: %i %s', async (query, status, code) => {
    const refused = await octokit.graphql(query).catch((error: unknown) => error)
    expect(refused).toMatchObject({ status, response: { data: { error: { code } } } })
    expect(done.splice(0)).toEqual([])
  })

  it('a reader may read, and what is sensitive it may not', async () => {
    const reader = asOctokit(await at.grant({ provider: 'graphql', access: 'read' }))
    expect(await reader.graphql('{ viewer { login } }')).toEqual({ viewer: { login: 'octocat' } })
    const refused = await reader
      .graphql('mutation { deleteComment(id: 1) { id } }')
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({
      status: 403,
      response: { data: { error: { code: 'PROXY_GRANT_DENIED' } } },
    })
    expect(done.splice(0)).toEqual(['viewer'])
    await octokit.graphql('mutation { deleteComment(id: 1) { id } }')
    expect(done.splice(0)).toEqual(['deleteComment'])
  })

  it('the record names the operations', async () => {
    await octokit.graphql('query { viewer { login } }')
    await octokit.graphql('mutation { deleteComment(id: 1) { id } }')
    done.length = 0
    // Reads are recorded in batches.
    await expect
      .poll(async () => (await at.audit()).map((event) => event['operation']), { timeout: 10_000 })
      .toEqual(expect.arrayContaining(['query viewer', 'mutation deleteComment']))
  })
})

/** As curl and other clients without a library do it. */
async function ask(init: RequestInit, query = '') {
  const response = await fetch(`${at.url}/p/graphql/graphql${query}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  })
  return { status: response.status, said: await response.text() }
}

describe('other ways to ask', () => {
  it('a batch with one denied part does nothing', async () => {
    const body = JSON.stringify([
      { query: '{ viewer { login } }' },
      { query: 'mutation { deleteRepository(id: 1) }' },
    ])
    const { status } = await ask({
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(status).toBe(403)
    expect(done.splice(0)).toEqual([])
  })

  it('JSON that curl says is a form goes through as it is', async () => {
    const body = '{"query":"{ viewer { login } }"}'
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(await ask({ method: 'POST', body, headers })).toEqual({
      status: 200,
      said: '{"data":{"viewer":{"login":"octocat"}}}',
    })
    expect(done.splice(0)).toEqual(['viewer'])
  })

  it('a mutation by GET goes nowhere', async () => {
    const query = `?query=${encodeURIComponent('mutation { addComment(body: "x") { id } }')}`
    expect((await ask({}, query)).status).toBe(400)
    expect(done.splice(0)).toEqual([])
  })
})
