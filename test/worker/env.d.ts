/** What vitest.config.ts binds. */
declare namespace Cloudflare {
  interface Env {
    /** The origin of the upstream. */
    readonly UPSTREAM: string
    readonly LIMITS: DurableObjectNamespace<import('../../src/limits/object.ts').Limiter>
    readonly REPLAYS: DurableObjectNamespace<import('../../src/replay/object.ts').Replay>
    readonly TENANTS: DurableObjectNamespace<import('../../src/tenants/object.ts').Tenant>
    readonly GRANT_INDEX: DurableObjectNamespace<import('../../src/grants/object.ts').GrantIndex>
    readonly REGISTRY: DurableObjectNamespace<import('../../src/registry/object.ts').Registry>
    /** The origin of the OAuth server. */
    readonly OAUTH: string
    /** Google, GitHub and logins of no standard, as JSON: see test/auth/minting.ts. */
    readonly VENDORS: string
    /** Where teams of Cloudflare Access are made. */
    readonly ACCESS: string
    /** Addresses of the backends that secrets may come from. */
    readonly BACKENDS: import('../sources/world.ts').Backends
    readonly [name: string]: unknown
  }
  interface GlobalProps {
    mainModule: typeof import('../../src/worker.ts')
  }
}
