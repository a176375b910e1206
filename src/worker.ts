import { bind } from './bindings.ts'
import { answerProbe } from './control/health.ts'
import { isControl, isProbe } from './control/paths.ts'
import { proxy } from './proxy.ts'
import type { Variables } from './settings.ts'

export { GrantIndex } from './grants/object.ts'
export { Limiter } from './limits/object.ts'
export { Registry } from './registry/object.ts'
export { Replay } from './replay/object.ts'
export { Tenant } from './tenants/object.ts'
export { TokenVault } from './tokens/object.ts'

/**
 * The entry. What names a provider goes to the request path; the few paths of our own go to the
 * control plane. Both read the request target in one place, `target.ts`.
 */
// oxlint-disable-next-line import/no-default-export -- what the runtime looks for
export default {
  async fetch(request, env) {
    const deps = bind(env)
    if (!isControl(request, deps.settings)) return proxy(request, deps)
    if (isProbe(request)) return answerProbe(request, deps)
    // It is in the bundle, and made when it is first asked for: most isolates only ever proxy.
    const { control } = await import('./control/app.ts')
    return control(request, deps)
  },
} satisfies ExportedHandler<Variables>
