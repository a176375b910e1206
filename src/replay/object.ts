import { DurableObject } from 'cloudflare:workers'

import { claim, REMEMBERED_MS } from './claim.ts'
import type { Claim, Fingerprint, Kept, Outcome } from './claim.ts'

const KEY = 'claim'

/**
 * One `Idempotency-Key` of one caller at one provider. There is one such object in the world, and a
 * claim is on disk before it is answered, so at most one call per key goes upstream. What is left
 * `running` by a crash stays so: nobody can know whether the upstream did it.
 */
export class Replay extends DurableObject {
  async claim(head: string): Promise<Outcome> {
    const known = this.ctx.storage.kv.get<Claim>(KEY)
    const outcome = claim(known, head)
    if (outcome.is !== 'mine') return outcome
    const now = Date.now()
    this.ctx.storage.kv.put<Claim>(KEY, { state: 'running', head, since: now })
    await this.ctx.storage.setAlarm(now + REMEMBERED_MS)
    return outcome
  }

  /** The upstream answered. `answer` is null when it is too large to keep. */
  finish(fingerprint: Fingerprint, answer: Kept | null): void {
    this.ctx.storage.kv.put<Claim>(KEY, { state: 'done', fingerprint, answer })
  }

  /** Nothing came of the call: the key is free again. */
  async release(): Promise<void> {
    await this.ctx.storage.deleteAll()
    await this.ctx.storage.deleteAlarm()
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll()
  }
}
