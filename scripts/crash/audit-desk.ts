import { setTimeout as delay } from 'node:timers/promises'

import { RECORDED } from './fixture.ts'
import type { Answer, Victim } from './victim.ts'

/** A grant and its token, as the operator got them. */
export interface Given {
  readonly id: string
  readonly token: string
}

/** What an online verification said. */
export interface Verified {
  readonly ok: boolean
  readonly records: number
  readonly head: { readonly seq: number; readonly hash: string }
  readonly faults: readonly { readonly seq: number; readonly what: string }[]
}

const PAUSE_MS = 100

/** A long chain is read for a while. */
const READING_MS = 120_000

/** The operator, who asks again until there is an answer. */
export class Desk {
  readonly #victim: Pick<Victim, 'operate'>
  /** What was answered as done: the action of its record, and the identifier of what it was done to. */
  readonly done: { readonly tenant: string; readonly action: string; readonly target: string }[] =
    []

  constructor(victim: Pick<Victim, 'operate'>) {
    this.#victim = victim
  }

  async grant(tenant: string, over: Readonly<Record<string, unknown>>): Promise<Given> {
    const body = {
      tenant,
      agent: 'crash-check',
      providers: [{ provider: RECORDED, access: 'write' }],
      expires_in: 86_400,
      ...over,
    }
    // One that was made and never heard of does no harm.
    const { grant, token } = (await this.insist('POST', '/grants', body)) as {
      grant: { id: string }
      token: string
    }
    this.done.push({ tenant, action: 'grant.created', target: grant.id })
    return { id: grant.id, token }
  }

  async revoke(tenant: string, { id }: Given): Promise<void> {
    await this.insist('DELETE', `/grants/${id}`)
    this.done.push({ tenant, action: 'grant.revoked', target: id })
  }

  /** Also when it was decided already, by an earlier try. */
  async decide(tenant: string, id: string, how: 'approve' | 'deny'): Promise<void> {
    await this.insist('POST', `/approvals/${id}/${how}`, {}, 409)
    this.done.push({
      tenant,
      action: how === 'approve' ? 'approval.approved' : 'approval.denied',
      target: id,
    })
  }

  /** null: it was cut short. */
  async verify(tenant: string): Promise<Verified | null> {
    const path = `/_outpost/audit/verify?tenant=${tenant}`
    const answer = await this.#victim.operate('GET', path, { patience_ms: READING_MS })
    return answer?.status === 200 ? (JSON.parse(answer.body) as Verified) : null
  }

  /** The lines of the chain. */
  async export(tenant: string): Promise<readonly string[]> {
    const path = `/_outpost/audit?tenant=${tenant}`
    const accept = 'application/x-ndjson'
    const answer = await this.#victim.operate('GET', path, { accept, patience_ms: READING_MS })
    if (answer?.status !== 200) throw new Error(`no export of ${tenant}: ${answer?.status}`)
    return answer.body.split('\n').slice(0, -1)
  }

  /**
   * Until it is done. Answers with what was said.
   * @throws when it is refused.
   */
  async insist(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    alsoGood = 200,
  ): Promise<unknown> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- until there is an answer
      const answer = await this.#victim.operate(method, `/_outpost${path}`, { body })
      if (answer && isGood(answer, alsoGood)) return JSON.parse(answer.body || 'null')
      if (answer && answer.status < 500) throw new Error(`${path}: ${answer.body}`)
      // oxlint-disable-next-line no-await-in-loop -- the same
      await delay(PAUSE_MS)
    }
  }
}

function isGood({ status }: Answer, alsoGood: number): boolean {
  return [200, 201, 204, alsoGood].includes(status)
}
