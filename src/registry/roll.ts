import { tagOf } from '../grants/token.ts'
import { scopeKey } from '../pauses/pause.ts'
import type { Pause, PauseScope } from '../pauses/pause.ts'

/** `tenant <tag> <name>` → name, and `pause <scope>` → the pause. */
const TENANT = 'tenant '
const PAUSE = 'pause '

/** All tenants that were ever named in a grant, and the pauses that are every tenant's. */
export class Roll {
  readonly #kv: SyncKvStorage

  constructor(kv: SyncKvStorage) {
    this.#kv = kv
  }

  /** Adds the tenant, and says which pauses it begins with. */
  register(tenant: string): readonly Pause[] {
    const key = `${TENANT}${tagOf(tenant)} ${tenant}`
    if (this.#kv.get(key) === undefined) this.#kv.put(key, tenant)
    return Array.from(this.#kv.list<Pause>({ prefix: PAUSE }), ([, pause]) => pause)
  }

  /** The tenants of a tag. */
  tagged(tag: string): readonly string[] {
    return this.#names(`${TENANT}${tag} `)
  }

  tenants(): readonly string[] {
    return this.#names(TENANT).toSorted()
  }

  /** Keeps `{all}` and `{provider}`; those of an agent or a tenant are in the tenant's own object. */
  pause(pause: Pause): void {
    if (isGlobal(pause.scope)) this.#kv.put(`${PAUSE}${scopeKey(pause.scope)}`, pause)
  }

  resume(scope: PauseScope): void {
    if (isGlobal(scope)) this.#kv.delete(`${PAUSE}${scopeKey(scope)}`)
  }

  #names(prefix: string): readonly string[] {
    return Array.from(this.#kv.list<string>({ prefix }), ([, name]) => name)
  }
}

function isGlobal(scope: PauseScope): boolean {
  return 'all' in scope || 'provider' in scope
}
