import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as send } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { authority } from '../authority.ts'

export interface TlsFront {
  /** What a program's environment needs to find the name, and to believe its certificate. */
  readonly env: Readonly<Record<string, string>>
  readonly close: () => void
}

/**
 * A host name over TLS in front of a worker, without DNS: a proxy for CONNECT that leads that one name,
 * and no other, to a terminator with a certificate of its own authority.
 */
export async function tlsFront(host: string, url: string): Promise<TlsFront> {
  const ca = authority('Outpost test authority')
  const folder = mkdtempSync(join(tmpdir(), 'outpost-tls-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.cert)

  const { hostname, port } = new URL(url)
  const terminator = createTlsServer(ca.issue(host, host), (from, to) => {
    const { method, url: path, headers } = from
    const onward = send({ hostname, port, method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(to)
    })
    onward.on('error', () => to.destroy())
    from.pipe(onward)
  })
  const proxy = createServer((_from, to) => to.writeHead(501).end())
  proxy.on('connect', ({ url: asked }, client) => {
    if (asked !== `${host}:443`) return client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const inside = connect(portOf(terminator), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      inside.pipe(client).pipe(inside)
    })
    for (const each of [inside, client]) each.on('error', () => inside.destroy())
    return undefined
  })
  await Promise.all([terminator, proxy].map(listening))
  return {
    env: { HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`, SSL_CERT_FILE: caFile },
    close: () => {
      for (const each of [terminator, proxy]) {
        each.close()
        each.closeAllConnections()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Server = ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>

function listening(server: Server): Promise<void> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', done)
  })
}

function portOf(server: Server): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  return (server.address() as AddressInfo).port
}
