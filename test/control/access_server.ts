import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import type { TeamAnswer, TeamAsked } from './endpoint.ts'

interface Team {
  readonly server: Server
  asked: TeamAsked
  answer: TeamAnswer
}

/**
 * Stands in for `<team>.cloudflareaccess.com`. `POST /teams` makes a team: an origin of its own, on
 * a port of its own. Below `/teams/PORT`: PUT says what its endpoint answers, GET what it was asked,
 * DELETE closes the port.
 */
export async function startAccessTeams(): Promise<{ readonly url: string }> {
  const teams = new Map<string, Team>()
  const manager = await listening((request, response) => {
    void manage(teams, request).then(
      (json) => response.end(JSON.stringify(json)),
      () => response.writeHead(500).end(),
    )
  })
  return { url: urlOf(manager) }
}

async function manage(teams: Map<string, Team>, request: IncomingMessage): Promise<unknown> {
  const port = /^\/teams\/(\d+)$/.exec(request.url ?? '')?.[1]
  if (port === undefined) return newTeam(teams)
  const team = teams.get(port)
  if (!team) throw new Error(`no team on ${port}`)
  if (request.method === 'PUT') team.answer = JSON.parse(await text(request)) as TeamAnswer
  if (request.method === 'DELETE') {
    team.server.closeAllConnections()
    team.server.close()
    await once(team.server, 'close')
  }
  return team.asked
}

async function newTeam(teams: Map<string, Team>): Promise<{ readonly url: string }> {
  const server = await listening((request, response) => {
    const { keys, elsewhere } = team.asked
    if (request.url !== '/cdn-cgi/access/certs') {
      team.asked = { ...team.asked, elsewhere: [...elsewhere, request.url ?? ''] }
      response.writeHead(404).end()
      return
    }
    team.asked = { keys: keys + 1, elsewhere, headers: request.headers }
    setTimeout(() => answer(response, team.answer), team.answer.delay_ms ?? 0)
  })
  const team: Team = { server, asked: { keys: 0, elsewhere: [], headers: {} }, answer: {} }
  const url = urlOf(server)
  teams.set(new URL(url).port, team)
  return { url }
}

function answer(response: ServerResponse, said: TeamAnswer): void {
  const { status = 200, headers = { 'content-type': 'application/json' }, body = '' } = said
  const whole = said.zeros === undefined ? Buffer.from(body) : Buffer.alloc(said.zeros)
  response.writeHead(status, { ...headers, 'content-length': whole.length })
  if (said.stalls) response.write(whole.subarray(0, whole.length / 2))
  else response.end(whole)
}

async function listening(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Server> {
  const server = createServer(handle)
  server.on('connection', (socket) => socket.unref())
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return server
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
