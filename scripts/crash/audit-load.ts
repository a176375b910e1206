import { setTimeout as delay } from 'node:timers/promises'

import type { Desk, Given } from './audit-desk.ts'
import type { Trail } from './audit-trail.ts'
import type { Evidence } from './evidence.ts'
import type { Answer, Victim } from './victim.ts'

export const TENANTS = ['red', 'green', 'blue']

/** In the path of a call with a grant that was revoked. */
export const REVOKED = 'revoked'

/** In each tenant. */
const STEADY = 4
export const MAX_CALLS = 40
const RACING = 3
/** Revoked grants that are tried in each life. */
const TRIED_AGAIN = 4

const PAUSE_MS = 30

/** The share of calls whose client hangs up, and after how long at most, ms. */
const LEAVING = 0.1
const LEAVING_MS = 12

export interface AuditFigures {
  approvals: number
  /** Of these, how many let a call through: by far the most. */
  used: number
  /** Grants whose calls were used up. */
  quotas: number
  revoked: number
  /** Calls with a revoked grant, in the same life and in later ones. */
  tried: number
  triedLater: number
}

/** Agents with grants of several tenants, and the operator who gives and takes them. */
export class AuditLoad {
  readonly figures: AuditFigures = {
    approvals: 0,
    used: 0,
    quotas: 0,
    revoked: 0,
    tried: 0,
    triedLater: 0,
  }
  over = false
  readonly #victim: Victim
  readonly #desk: Desk
  readonly #trail: Trail
  readonly #evidence: Evidence

  constructor(parts: {
    readonly victim: Victim
    readonly desk: Desk
    readonly trail: Trail
    readonly evidence: Evidence
  }) {
    this.#victim = parts.victim
    this.#desk = parts.desk
    this.#trail = parts.trail
    this.#evidence = parts.evidence
  }

  /** Until `over`. */
  async run(): Promise<void> {
    await Promise.all(
      TENANTS.flatMap((tenant) => [
        this.#steady(tenant),
        this.#usingUp(tenant),
        this.#approving(tenant),
        this.#revoking(tenant),
      ]),
    )
    const { approvals, used } = this.figures
    if (used < approvals / 2) this.#evidence.add(`${approvals} approvals, and ${used} were used`)
  }

  async #steady(tenant: string): Promise<void> {
    const { token } = await this.#desk.grant(tenant, {})
    const client = async () => {
      while (!this.over) {
        const path = this.#trail.newPath(tenant, 'steady')
        const leaving = Math.random() < LEAVING
        const patience = leaving ? { patience_ms: 1 + Math.ceil(Math.random() * LEAVING_MS) } : {}
        await this.#trail.call({ tenant, token, path, method: either(), ...patience })
        await delay(Math.random() * PAUSE_MS)
      }
    }
    await Promise.all(Array.from({ length: STEADY }, client))
  }

  /** Grants with few calls, used by two clients until they are told that there are no more. */
  async #usingUp(tenant: string): Promise<void> {
    while (!this.over) {
      const { id, token } = await this.#desk.grant(tenant, { max_calls: MAX_CALLS })
      let left = true
      const client = async () => {
        while (left && !this.over) {
          const path = this.#trail.newPath(tenant, id)
          const answer = await this.#trail.call({ tenant, token, path, method: either() })
          if (answer && answer.status >= 400 && answer.status < 500) left = false
          await delay(Math.random() * PAUSE_MS)
        }
      }
      await Promise.all([client(), client()])
      if (!left) this.figures.quotas += 1
    }
  }

  /** One approval each, and racing clients who would all use it. */
  async #approving(tenant: string): Promise<void> {
    const { token } = await this.#desk.grant(tenant, { approval: 'sensitive' })
    while (!this.over) {
      const path = this.#trail.newPath(tenant, 'approval')
      const ask = () => this.#trail.call({ tenant, token, path, method: 'POST' })
      const id = approvalOf(await ask())
      if (id !== null) {
        await this.#desk.decide(tenant, id, 'approve')
        this.figures.approvals += 1
        const later = new Set<string>()
        const race = async () => {
          for (let tries = 0; tries < RACING; tries += 1) {
            const other = approvalOf(await ask())
            if (other !== null && other !== id) later.add(other)
          }
        }
        await Promise.all(Array.from({ length: RACING }, race))
        for (const other of later) await this.#desk.decide(tenant, other, 'deny')
        const forwarded = this.#trail.arrivals(path)
        if (forwarded === 1) this.figures.used += 1
        if (forwarded > 1) this.#evidence.add(`${id}: one approval, ${forwarded} calls forwarded`)
      }
      await delay(Math.random() * PAUSE_MS)
    }
  }

  /** Grants that are used, revoked, and tried again, in this life and in later ones. */
  async #revoking(tenant: string): Promise<void> {
    const old: { readonly grant: Given; readonly life: number }[] = []
    let tried = -1
    while (!this.over) {
      const grant = await this.#desk.grant(tenant, {})
      for (const method of ['GET', 'POST'] as const) {
        const path = this.#trail.newPath(tenant, 'revoking')
        await this.#trail.call({ tenant, token: grant.token, path, method })
      }
      await this.#desk.revoke(tenant, grant)
      this.figures.revoked += 1
      await this.#try(tenant, grant, ['POST'])
      this.figures.tried += 1
      old.push({ grant, life: this.#victim.life })
      if (tried !== this.#victim.life) {
        tried = this.#victim.life
        for (const each of old.filter(({ life }) => life < tried).slice(-TRIED_AGAIN)) {
          // A new process has no copy of a grant: reads notice as well.
          await this.#try(tenant, each.grant, ['POST', 'GET'])
          this.figures.triedLater += 2
        }
      }
      await delay(Math.random() * 10 * PAUSE_MS)
    }
  }

  async #try(tenant: string, { id, token }: Given, methods: readonly ('GET' | 'POST')[]) {
    const forbidden = `and ${id} was revoked`
    for (const method of methods) {
      const path = this.#trail.newPath(tenant, REVOKED)
      const answer = await this.#trail.call({ tenant, token, path, method, forbidden })
      if (answer && answer.status < 400) this.#evidence.add(`${path}: answered, ${forbidden}`)
    }
  }
}

function either(): 'GET' | 'POST' {
  return Math.random() < 0.5 ? 'GET' : 'POST'
}

/** The approval that is wanted, when that is the answer. */
function approvalOf(answer: Answer | null): string | null {
  if (answer?.headers['x-proxy-error'] !== 'PROXY_APPROVAL_REQUIRED') return null
  return /"approval_id":"([^"]+)"/.exec(answer.body)?.[1] ?? null
}
