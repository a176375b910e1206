import { awsSm } from './aws_sm.ts'
import type { Backend } from './backend.ts'
import { doppler } from './doppler.ts'
import { infisical } from './infisical.ts'
import { op } from './op.ts'
import { vault } from './vault.ts'

/** The places that a `secret:` may name, by the scheme of its URI. The only list of them. */
export const BACKENDS: ReadonlyMap<string, Backend> = new Map(
  [op, infisical, doppler, vault, awsSm].map((backend) => [backend.scheme, backend]),
)
