import type { GrantIndexStub, RegistryStub, TenantStub } from '../tenants/stubs.ts'

/** What the control plane works on. A call that an object cannot answer throws. */
export interface Operating {
  /** For `/openapi.json`: the document as JSON text. */
  readonly openapi: string
  /** So many bytes that nobody can foretell. */
  readonly random: (count: number) => Uint8Array
  readonly tenantOf: (name: string) => TenantStub
  /** The part of the index that a token of this hash (SHA-256, lower-case hex) belongs to. */
  readonly grantIndexOf: (hash: string) => GrantIndexStub
  readonly registry: RegistryStub
  /** Writes an operator's token where `bearer_redis` reads it. */
  readonly tokensPut: (key: string, value: string) => Promise<void>
  readonly tokensDelete: (key: string) => Promise<void>
}
