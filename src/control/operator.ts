import type { Deps } from '../deps.ts'
import { Refusal } from '../refusal.ts'

/**
 * Lets an operator through: `Authorization: Bearer` with `OUTPOST_ADMIN_TOKEN`, or, for reading,
 * with `OUTPOST_VIEWER_TOKEN`. With neither set the control plane is closed to everyone.
 * @throws Refusal 503 when closed, 401 for anybody else.
 */
export function checkOperator(request: Request, { operators }: Deps): void {
  const reads = ['GET', 'HEAD'].includes(request.method)
  const keys = [operators.admin, reads ? operators.viewer : null].filter((key) => key !== null)
  if (keys.length === 0) {
    throw new Refusal('PROXY_CONTROL_CLOSED', 'the control plane is not configured')
  }
  const [, sent = ''] = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  if (keys.map((key) => key.equals(sent)).includes(true)) return
  throw new Refusal('PROXY_AUTH_REQUIRED', 'this is for operators', {
    headers: { 'www-authenticate': 'Bearer realm="outpost operator"' },
  })
}
