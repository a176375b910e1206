import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { runFolder } from '../bench/fixture.ts'
import { copyCheckout } from '../checks/project.ts'
import { newKey } from '../dev-vars.ts'
import { build, serve } from '../serve.ts'
import type { Served } from '../serve.ts'

/** What one grant of the check is made of, and how it is called. */
export interface Agent {
  readonly tenant: string
  readonly id: string
  readonly token: string
}

/** The code of a refusal, or null for a call that was forwarded. */
export type Outcome = string | null

/** An installation of several isolates over the same objects, and an upstream that says yes. */
export class Installation {
  readonly #served: Served
  readonly #admin: string

  private constructor(served: Served, admin: string) {
    this.#served = served
    this.#admin = admin
  }

  /** @throws when it cannot be built or started. */
  static async start(isolates: number): Promise<Installation> {
    const upstream = createServer((_request, response) => void response.end('{}'))
    upstream.listen(0, '127.0.0.1').unref()
    await once(upstream, 'listening')
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    const root = makeProject(url)
    await build({ root })
    const admin = newKey()
    const served = await serve({
      root,
      port: 0,
      isolates,
      env: { OUTPOST_ADMIN_TOKEN: admin, RATE_LIMIT_QUEUE_TIMEOUT: '0' },
      needs: { secrets: [], baseUrls: [url] },
      output: 'keep',
    })
    return new Installation(served, admin)
  }

  stop(): Promise<void> {
    return this.#served.stop(0)
  }

  /** Asks as the operator. @throws for any answer that is not well. */
  async operate(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#served.url}/_outpost/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#admin}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return response.json()
  }

  async grant(tenant: string): Promise<Agent> {
    const made = await this.operate('POST', 'grants', {
      tenant,
      agent: 'checker',
      providers: [{ provider: 'upstream', access: 'write' }],
      cidrs: ['127.0.0.1/32'],
      expires_in: 3600,
    })
    const { grant, token } = made as { grant: { id: string }; token: string }
    return { tenant, id: grant.id, token }
  }

  /** A call of an agent's through the isolate of that number, from 1 on. */
  async call(agent: Agent, isolate: number, method: 'GET' | 'POST'): Promise<Outcome> {
    const response = await fetch(`${this.#served.url}/thing`, {
      method,
      headers: {
        'x-outpost-auth': agent.token,
        'x-provider': 'upstream',
        'x-isolate': String(isolate),
      },
    })
    await response.arrayBuffer()
    if (response.ok) return null
    return response.headers.get('x-proxy-error') ?? `status ${response.status}`
  }
}

/** The checkout's own code with one provider, in a folder that git ignores. */
function makeProject(upstream: string): string {
  const root = runFolder('revocation-check')
  copyCheckout(root)
  mkdirSync(join(root, 'providers'))
  writeFileSync(join(root, 'providers/upstream.yaml'), PROVIDER.replace('URL', upstream))
  // Nobody is let in by address: the grants name theirs.
  writeFileSync(join(root, 'hosts.yaml'), 'hosts: []\n')
  return root
}

const PROVIDER = `name: upstream
base_url: URL
auth: none
forwarding:
  rate_limits: {}
`
