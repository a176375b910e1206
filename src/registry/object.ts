import { DurableObject } from 'cloudflare:workers'

import { Roll } from './roll.ts'

/**
 * The one object, named `tenants`, that knows which tenants there are, so that an id finds its
 * tenant's object and a pause of everything reaches all of them. No call of an agent asks it.
 */
export class Registry extends DurableObject {
  readonly #roll = new Roll(this.ctx.storage.kv)

  /** Returns the pauses that a new tenant begins with. */
  register(tenant: string): ReturnType<Roll['register']> {
    return this.#roll.register(tenant)
  }

  tagged(tag: string): readonly string[] {
    return this.#roll.tagged(tag)
  }

  tenants(): readonly string[] {
    return this.#roll.tenants()
  }

  pause(pause: Parameters<Roll['pause']>[0]): void {
    this.#roll.pause(pause)
  }

  resume(scope: Parameters<Roll['resume']>[0]): void {
    this.#roll.resume(scope)
  }
}
