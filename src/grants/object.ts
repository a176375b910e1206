import { DurableObject } from 'cloudflare:workers'

/**
 * Which tenant a token is of, for the tokens whose SHA-256 begins with the two digits that are its
 * name: 256 such objects share them. It says where to ask, and nothing of whether a token holds.
 */
export class GrantIndex extends DurableObject {
  /** `hash`: SHA-256 of the token, lower-case hex. On disk when this returns. */
  put(hash: string, tenant: string): void {
    this.ctx.storage.kv.put(hash, tenant)
  }

  /** null: nobody's. Strangers choose what is looked for, so that writes nothing. */
  find(hash: string): string | null {
    return this.ctx.storage.kv.get<string>(hash) ?? null
  }

  remove(hash: string): void {
    this.ctx.storage.kv.delete(hash)
  }
}
