import type { Backend } from '../../src/sources/backend.ts'
import { BACKENDS } from '../../src/sources/index.ts'

/** The backend of a reference that has one. */
export function backendOf(uri: string): Backend {
  const backend = BACKENDS.get(uri.split(':', 1)[0] ?? '')
  if (!backend) throw new Error(`no backend of ${uri}`)
  return backend
}
