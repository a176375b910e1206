import type { ServerResponse } from 'node:http'

import type { Play } from './plays.ts'

export type Method = 'GET' | 'POST'

/** One call, as the upstream saw it. */
export interface Arrival {
  readonly provider: string
  readonly method: string
  /** Below the provider's base URL, without the query. */
  readonly path: string
  /** Unix ms, before the client sent it. */
  readonly sent: number
  /** Unix ms at which its headers were here. */
  readonly arrived: number
  readonly header: (name: string) => string
}

/** What the upstream is to do with the calls of one path. */
export interface Expected {
  readonly provider: string
  readonly method: Method
  readonly path: string
  /** Whose records it belongs in. */
  readonly tenant: string
  /** Calls that were made of it. */
  calls: number
  /** How often it reached the upstream. */
  arrivals: number
  /** How often one call of it may reach it: twice where a rejected token is replaced. */
  readonly each: 1 | 2
  /** Called for each arrival, when it is counted already. */
  readonly answer: (arrival: Arrival) => Play
  /** Why it may not be forwarded at all; set when that begins. */
  forbidden: string | null
  /** Of the request's body, once one was read to its end: SHA-256 in hex, and bytes. */
  received: { readonly digest: string; readonly bytes: number } | null
  /** Unix ms at which the upstream last began to answer it; null: never. */
  begun: number | null
  /** The upstream's exchanges for it that go on; some may have lost their connection. */
  readonly open: Set<ServerResponse>
}

/** A call that was answered by the upstream: what the records are compared with. */
export interface Made {
  readonly tenant: string
  readonly path: string
  readonly method: Method
  readonly life: number
  readonly arrivals: number
  readonly answered: number | null
  readonly status: number
}

/** Everything that was ever called. */
export class Calls {
  readonly #expected = new Map<string, Expected>()
  readonly #shared = new Map<string, Expected>()
  readonly made: Made[] = []
  #number = 0

  get all(): Iterable<Expected> {
    return this.#expected.values()
  }

  /** One that many callers share, by a name. */
  shared(name: string, make: () => Expected): Expected {
    const expected = this.#shared.get(name) ?? make()
    this.#shared.set(name, expected)
    return expected
  }

  find(path: string): Expected | undefined {
    return this.#expected.get(path)
  }

  /** Something that nobody has called, under a path of its own. */
  expect(
    kind: string,
    what: Pick<Expected, 'provider' | 'method' | 'tenant' | 'answer'> & { readonly each?: 1 | 2 },
  ): Expected {
    this.#number += 1
    const path = `/${kind}/${this.#number}`
    const expected: Expected = {
      each: 1,
      ...what,
      path,
      calls: 0,
      arrivals: 0,
      forbidden: null,
      received: null,
      begun: null,
      open: new Set(),
    }
    this.#expected.set(path, expected)
    return expected
  }
}

/** Whether the upstream has a connection on which it still answers. */
export function isOpen({ open }: Expected): boolean {
  return [...open].some((response) => !response.req.socket.destroyed)
}
