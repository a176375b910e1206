import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What reached GitHub. */
export interface Asked {
  readonly method: string
  readonly url: string
  /** Of a GraphQL request, what its document says; of an upload, what was uploaded. */
  readonly body: string
}

export interface GithubServer {
  readonly asked: Asked[]
  readonly close: () => void
}

interface Ports {
  readonly api: number
  readonly uploads: number
}

/**
 * As much of GitHub's REST and GraphQL as the command line asks for. It lets nobody in without this
 * token, and knows one repository, `o/r`.
 */
export async function githubServer(ports: Ports, token: string): Promise<GithubServer> {
  const asked: Asked[] = []
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const body = Buffer.concat(chunks).toString('latin1')
    asked.push({ method, url, body })
    const known = headers.authorization === `Bearer ${token}`
    const [status, answer] = known ? answerTo(method, url, body, ports) : [401, BAD_CREDENTIALS]
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(answer))
  }
  const servers = [ports.api, ports.uploads].map((port) =>
    createServer((request, response) => void handle(request, response)).listen(port, '127.0.0.1'),
  )
  return { asked, close: () => servers.forEach((server) => server.close()) }
}

const BAD_CREDENTIALS = { message: 'Bad credentials' }

const OWNER = { id: 'O_1', login: 'o' }
const REPOSITORY = {
  id: 'R_1',
  name: 'r',
  nameWithOwner: 'o/r',
  owner: OWNER,
  description: 'A repository of the tests',
  hasIssuesEnabled: true,
  hasWikiEnabled: false,
  isPrivate: false,
  url: 'https://github.com/o/r',
  defaultBranchRef: { name: 'main' },
  viewerPermission: 'WRITE',
}

const ISSUE = {
  number: 7,
  title: 'The first issue of the tests',
  url: 'https://github.com/o/r/issues/7',
  state: 'OPEN',
  updatedAt: '2026-01-01T00:00:00Z',
  labels: { nodes: [{ name: 'bug' }], totalCount: 1 },
}

function answerTo(
  method: string,
  url: string,
  body: string,
  ports: Ports,
): readonly [number, unknown] {
  const [path] = url.split('?')
  switch (`${method} ${path}`) {
    case 'GET /user':
      return [200, { login: 'machine-user', id: 1 }]
    case 'GET /repos/o/r/readme':
      return [200, { name: 'README.md', content: Buffer.from('# Read me\n').toString('base64') }]
    case 'POST /graphql':
      return [200, graphql(body)]
    case 'GET /repos/o/r/releases/tags/v1':
      return [200, release(ports)]
    case 'POST /repos/o/r/releases/1/assets':
      return [201, { url: 'x', name: 'file.bin', state: 'uploaded', size: body.length }]
    default:
      return [404, { message: 'Not Found' }]
  }
}

/** With the template of RFC 6570 that GitHub has in it. */
function release({ api, uploads }: Ports) {
  return {
    id: 1,
    node_id: 'RE_1',
    tag_name: 'v1',
    name: 'v1',
    draft: false,
    prerelease: false,
    url: `http://127.0.0.1:${api}/repos/o/r/releases/1`,
    upload_url: `http://127.0.0.1:${uploads}/repos/o/r/releases/1/assets{?name,label}`,
    assets: [],
  }
}

/** What an Enterprise Server can do is asked of the schema; the rest is of the one repository. */
function graphql(body: string): unknown {
  const { query } = JSON.parse(body) as { readonly query: string }
  const types = Array.from(query.matchAll(/(\w+): __type/g), ([, alias]) => alias ?? '')
  const schema = Object.fromEntries(types.map((alias) => [alias, NO_FIELDS]))
  if (types.length > 0) return { data: schema }
  if (query.includes('release(')) {
    return { data: { repository: { release: { databaseId: 1, isDraft: false } } } }
  }
  const page = { hasNextPage: false, endCursor: '' }
  const issues = { totalCount: 1, nodes: [ISSUE], pageInfo: page }
  return { data: { repository: { ...REPOSITORY, issues } } }
}

const NO_FIELDS = { fields: [] }
