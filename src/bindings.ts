import { signerOf } from './auth/index.ts'
import type { Signer } from './auth/index.ts'
import type { SecretRef } from './auth/scheme.ts'
import type { Catalog, Provider } from './catalog.ts'
import type { Deps } from './deps.ts'
import { CATALOG } from './generated/catalog.ts'
import { opening } from './opening.ts'
import { Secret } from './secret.ts'
import { readSettings } from './settings.ts'
import type { Variables } from './settings.ts'
import { ulid } from './ulid.ts'

/** Turns a Worker's bindings into the plain functions that the request path wants. Once per `env`. */
export function bind(env: Variables): Deps {
  let deps = bound.get(env)
  if (!deps) bound.set(env, (deps = newDeps(env)))
  return deps
}

const bound = new WeakMap<Variables, Deps>()

function newDeps(env: Variables): Deps {
  const secret = secretsOf(env)
  return {
    catalog: CATALOG,
    settings: readSettings(env),
    now: () => Date.now(),
    newId: ulid,
    keyOf: ({ auth_token_env }) =>
      auth_token_env === null ? null : secret({ env: auth_token_env }),
    operators: {
      admin: secret({ env: 'OUTPOST_ADMIN_TOKEN' }),
      viewer: secret({ env: 'OUTPOST_VIEWER_TOKEN' }),
    },
    isSet: (name) => secret({ env: name }) !== null,
    credentials: () => opening(secret),
    signerOf: signers(CATALOG),
    send: (request, signal) => fetch(request, { signal }),
    // oxlint-disable-next-line no-console -- the console is where log shipping reads the record
    write: (event) => console.log(JSON.stringify(event)),
  }
}

/** Reads a secret when it is asked for. One object per secret, so that work done with it can be kept. */
function secretsOf(env: Variables): (ref: SecretRef) => Secret | null {
  const byName = new Map<string, Secret>()
  const literals = new WeakMap<SecretRef, Secret>()
  return (ref) => {
    if ('value' in ref) {
      const known = literals.get(ref) ?? new Secret(ref.value)
      literals.set(ref, known)
      return known
    }
    const value = Object.hasOwn(env, ref.env) ? env[ref.env] : undefined
    if (typeof value !== 'string' || value.trim() === '') return null
    const known = byName.get(ref.env) ?? new Secret(value)
    byName.set(ref.env, known)
    return known
  }
}

/** Signers, and the plugins behind them, are made when a provider is first called. */
function signers({ plugins }: Catalog): (provider: Provider) => Signer {
  const made = new WeakMap<Provider, Signer>()
  return (provider) => {
    const { auth } = provider
    const Plugin = auth.type === 'plugin' ? plugins.get(auth.module) : undefined
    const signer =
      made.get(provider) ??
      signerOf(auth, Plugin && auth.type === 'plugin' ? new Plugin(auth.config) : null)
    made.set(provider, signer)
    return signer
  }
}
