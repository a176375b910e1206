import type { Auth } from '../../src/auth/config.ts'
import { signerOf } from '../../src/auth/index.ts'
import type { Plugin } from '../../src/auth/plugin.ts'
import type { Slots } from '../../src/auth/scheme.ts'
import type { Credential, Provider } from '../../src/catalog.ts'
import { folded } from '../../src/headers.ts'
import { pathInside } from '../../src/location.ts'
import { endpointsOf } from './auth-endpoints.ts'
import { auth as authSchema } from './auth-schema.ts'
import { doubts } from './doubts.ts'
import { validated } from './explain.ts'
import type { Fault } from './explain.ts'
import type { Written } from './extended.ts'
import type { Lineage } from './lineage.ts'
import { construct, whyNotPlugin } from './plugins.ts'
import type { LoadedPlugin, PluginFolder } from './plugins.ts'
import { Wrong } from './problem.ts'
import type { Problem } from './problem.ts'
import { AUTH_HOMES, PROVIDER_HOMES, providerFile } from './schema.ts'
import type { ProviderFile } from './schema.ts'
import { expected, textOf } from './value.ts'
import { isMapping, itemsOf } from './word.ts'
import type { Tree } from './word.ts'

/** What became of one provider file. */
export interface CheckedProvider extends Lineage {
  /** null when anything is wrong with the file. */
  readonly provider: Provider | null
  /** null when anything is wrong with it. */
  readonly file: ProviderFile | null
  readonly auth: Auth | null
  /** The names of the Worker secrets that it needs, and of those from before. */
  readonly secrets: readonly string[]
  /** The URIs of the secrets that are kept elsewhere. */
  readonly uris: readonly string[]
  readonly plugin: LoadedPlugin | null
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/**
 * Reads what one provider says, its plugin and what it inherits included, and finds everything that
 * is wrong with it.
 */
export async function checkProvider(
  lineage: Lineage,
  plugins: PluginFolder,
): Promise<CheckedProvider> {
  const { source, alias_of } = lineage
  const { map, file, auth, faults } = sectionsOf(source.tree)
  const used = await plugged(auth, plugins, map['auth'])
  const signed = auth && used.made !== undefined ? { auth, plugin: used.made } : null
  const found = [
    ...faults,
    ...used.faults.map(inAuth),
    ...clashes(map, signed),
    ...(auth?.type === 'mtls' && file?.mtls ? [TWO_CERTIFICATES] : []),
  ]
  const problems = [...source.problems, ...found.map((each) => placed(source, each))]
  return {
    ...lineage,
    provider: file && signed && problems.length === 0 ? joined(file, signed, alias_of) : null,
    file,
    auth,
    ...placesOf(signed),
    plugin: used.loaded,
    problems,
    warnings: doubts(map, file, auth).map((each) => placed(source, each)),
  }
}

interface Sections {
  readonly map: { readonly [key: string]: Tree }
  readonly file: ProviderFile | null
  readonly auth: Auth | null
  readonly faults: readonly Fault[]
}

/** The two halves of a file, each validated for itself: neither hides what is wrong with the other. */
function sectionsOf(tree: Tree | undefined): Sections {
  const nothing = { map: {}, file: null, auth: null, faults: [] }
  if (tree === undefined) return nothing
  if (!isMapping(tree)) {
    const what = 'a map with "name", "base_url" and "auth"'
    return { ...nothing, faults: [{ path: [], at: 'value', message: expected(what, tree, false) }] }
  }
  const file = validated(providerFile, tree, PROVIDER_HOMES)
  const auth = validated(authSchema, tree['auth'], AUTH_HOMES)
  const faults = [...file.faults, ...auth.faults.map(inAuth)]
  return { map: tree, file: file.data, auth: auth.data, faults }
}

/** A credential with the plugin that it needs, if it needs one. */
interface Signed {
  readonly auth: Auth
  readonly plugin: Plugin | null
}

function placed(source: Written, { path, at, message }: Fault): Problem {
  return source.problem(path, message, at)
}

function inAuth(fault: Fault): Fault {
  return { ...fault, path: ['auth', ...fault.path] }
}

interface Plugged {
  readonly loaded: LoadedPlugin | null
  /** null for every other type; undefined when the plugin cannot be made. */
  readonly made: Plugin | null | undefined
  /** Within `auth`. */
  readonly faults: readonly Fault[]
}

async function plugged(
  auth: Auth | null,
  plugins: PluginFolder,
  written: Tree | undefined,
): Promise<Plugged> {
  if (auth?.type !== 'plugin') return { loaded: null, made: null, faults: [] }
  const key = isMapping(written) && 'module_ts' in written ? 'module_ts' : 'module'
  const loaded = await plugins.load(auth.module)
  if (loaded instanceof Wrong) return unplugged(null, key, loaded.message)
  const made = construct(loaded, auth.config)
  if (made instanceof Wrong) return unplugged(loaded, 'config', made.message)
  const why = whyNotPlugin(made, loaded.className)
  return why === null ? { loaded, made, faults: [] } : unplugged(loaded, key, why)
}

function unplugged(loaded: LoadedPlugin | null, key: string, message: string): Plugged {
  const at = key === 'config' ? 'key' : 'value'
  return { loaded, made: undefined, faults: [{ path: [key], at, message }] }
}

function slotsOf({ auth, plugin }: Signed): Slots {
  return signerOf(auth, plugin).slots
}

function placesOf(signed: Signed | null): Pick<CheckedProvider, 'secrets' | 'uris'> {
  const refs = signed ? signerOf(signed.auth, signed.plugin).secrets : []
  const places = refs.flatMap((ref) => [ref, ...(ref.previous ? [ref.previous] : [])])
  return {
    secrets: places.flatMap((each) => ('env' in each ? [each.env] : [])),
    uris: places.flatMap((each) => ('secret' in each ? [each.secret] : [])),
  }
}

const TWO_CERTIFICATES: Fault = {
  path: ['mtls'],
  at: 'key',
  message: '"auth" names the certificate already',
}

/** Headers that the file gives to the agent or to everybody, and that belong to the credential. */
function clashes(map: Sections['map'], signed: Signed | null): Fault[] {
  const slots = new Set(signed ? slotsOf(signed).headers.map((name) => folded(name)) : [])
  const message = 'this header carries the credential; only "auth" fills it'
  const { default_headers: defaults, forward_request_headers: forwarded } = map
  return [
    ...(isMapping(defaults) ? Object.keys(defaults) : [])
      .filter((name) => slots.has(folded(name)))
      .map((name): Fault => ({ path: ['default_headers', name], at: 'key', message })),
    ...itemsOf(forwarded).flatMap((name, index): Fault[] =>
      slots.has(folded(textOf(name) ?? ''))
        ? [{ path: ['forward_request_headers', index], at: 'value', message }]
        : [],
    ),
  ]
}

function joined(file: ProviderFile, { auth, plugin }: Signed, alias_of: string | null): Provider {
  const { enabled: _enabled, forwarding, ...rest } = file
  const mtls = auth.type === 'mtls' ? auth.binding : file.mtls
  return { ...rest, mtls, alias_of, auth, credential: credentialOf(file, auth, plugin), forwarding }
}

function credentialOf(file: ProviderFile, auth: Auth, plugin: Plugin | null): Credential {
  const { secrets, slots, readsBody, mints } = signerOf(auth, plugin)
  const tokenPaths = [
    ...endpointsOf(auth).flatMap(({ mints: url }) => pathInside(new URL(url), file) ?? []),
    ...(plugin?.mintPath === undefined ? [] : [plugin.mintPath]),
  ]
  return {
    secrets,
    headers: [...new Set(slots.headers.map((name) => name.toLowerCase()))],
    params: [...new Set(slots.params)],
    ...(slots.paths && { paths: slots.paths }),
    reads_body: readsBody,
    ...(mints && { mints }),
    ...(tokenPaths.length > 0 && { token_paths: tokenPaths }),
  }
}
