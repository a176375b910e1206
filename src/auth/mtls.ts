import type { MtlsAuth } from './config.ts'
import type { Scheme } from './scheme.ts'

/** The connection says who calls. Nothing is put on the request, and no secret comes into the Worker. */
export const mtls: Scheme<MtlsAuth> = {
  secrets: () => [],
  slots: () => ({ headers: [], params: [] }),
  sign: () => {},
}
