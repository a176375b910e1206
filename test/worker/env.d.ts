/** What vitest.config.ts binds. */
declare namespace Cloudflare {
  interface Env {
    /** The origin of the upstream. */
    readonly UPSTREAM: string
    readonly [name: string]: unknown
  }
  interface GlobalProps {
    mainModule: typeof import('../../src/worker.ts')
  }
}
