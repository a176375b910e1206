import { dirname, join, relative } from 'node:path'

import type { Host, Provider } from '../../src/catalog.ts'
import { schemeOf } from '../../src/sources/backend.ts'
import { BACKEND_PARTS, PROTOCOL_PARTS, SCHEME_PARTS } from './parts-used.ts'
import type { Part } from './parts-used.ts'
import type { LoadedPlugin } from './plugins.ts'

/** What goes into the Worker. */
export interface CatalogParts {
  /** By name, in alphabetical order. */
  readonly providers: ReadonlyMap<string, Provider>
  readonly hosts: readonly Host[]
  /** By `plugins/file.ts:Class`, in alphabetical order. */
  readonly plugins: ReadonlyMap<string, LoadedPlugin>
  /** In alphabetical order. */
  readonly secretNames: readonly string[]
}

/** Where the text will stand, so that its imports are right. Absolute paths. */
export interface Location {
  readonly out: string
  readonly src: string
  /** For tests: every scheme and protocol, and not only those that the providers need. */
  readonly everything?: boolean
}

/** The catalog as a module: plain data, frozen, with no parser behind it. Same parts, same text. */
export function render(parts: CatalogParts, { out, src, everything = false }: Location): string {
  const from = (file: string): string => JSON.stringify(specifier(dirname(out), file))
  const plugins = [...parts.plugins.values()]
  const schemes = schemesIn(parts, everything)
  const protocols = protocolsIn(parts, everything)
  const backends = backendsIn(parts, everything)
  const used = [...schemes.values(), ...protocols.values(), ...backends.values()].filter(
    (each) => each !== null,
  )
  return [
    '// Written by scripts/compile.ts from providers/ and hosts.yaml. Edit those.',
    ...used.map(({ file, name }) => `import { ${name} } from ${from(join(src, file))}`),
    `import type { PluginClass } from ${from(join(src, 'auth/plugin.ts'))}`,
    `import type { Catalog, Host, Provider } from ${from(join(src, 'catalog.ts'))}`,
    `import { freeze } from ${from(join(src, 'freeze.ts'))}`,
    `import type { Protocols } from ${from(join(src, 'protocols/table.ts'))}`,
    ...plugins.map(
      ({ file, className }, index) =>
        `import { ${className} as plugin${index} } from ${from(file)}`,
    ),
    '',
    ...entries('providers', 'Provider', [...parts.providers].map(freezing)),
    `const hosts = freeze<Host[]>(${JSON.stringify(parts.hosts)})`,
    '',
    ...entries(
      'plugins',
      'PluginClass',
      plugins.map(({ module }, index) => `[${JSON.stringify(module)}, plugin${index}]`),
    ),
    `const schemes = freeze(${record(schemes)})`,
    `const backends = freeze(${record(backends)})`,
    '',
    '/** Everything that `providers/` and `hosts.yaml` say, and the code that it needs. */',
    'export const CATALOG: Catalog = Object.freeze({ providers, hosts, plugins, schemes, backends })',
    '',
    '/** The protocols that some provider speaks. */',
    `export const PROTOCOLS: Protocols = freeze(${record(protocols)})`,
    '',
    '/** The Worker secrets that the enabled providers and the hosts name. */',
    `export const SECRET_NAMES: readonly string[] = freeze<string[]>(${JSON.stringify(parts.secretNames)})`,
    '',
  ].join('\n')
}

function freezing([name, provider]: readonly [string, Provider]): string {
  return `[${JSON.stringify(name)}, freeze<Provider>(${JSON.stringify(provider)})]`
}

function entries(name: string, type: string, items: readonly string[]): string[] {
  return [
    `const ${name}: ReadonlyMap<string, ${type}> = Object.freeze(new Map<string, ${type}>([`,
    ...items.map((item) => `  ${item},`),
    ']))',
    '',
  ]
}

function specifier(from: string, file: string): string {
  const path = relative(from, file).replaceAll('\\', '/')
  return path.startsWith('.') ? path : `./${path}`
}

function schemesIn({ providers }: CatalogParts, everything: boolean): Map<string, Part> {
  const types = new Set<string>([...providers.values()].map(({ auth }) => auth.type))
  return new Map(Object.entries(SCHEME_PARTS).filter(([type]) => everything || types.has(type)))
}

function backendsIn({ providers }: CatalogParts, everything: boolean): Map<string, Part> {
  const places = [...providers.values()].flatMap(({ credential }) =>
    credential.secrets.flatMap((ref) => [ref, ...(ref.previous ? [ref.previous] : [])]),
  )
  const named = new Set(places.map((place) => ('secret' in place ? schemeOf(place.secret) : null)))
  return new Map(Object.entries(BACKEND_PARTS).filter(([key]) => everything || named.has(key)))
}

function protocolsIn({ providers }: CatalogParts, everything: boolean): Map<string, Part | null> {
  const all = [...providers.values()]
  return new Map(
    Object.entries(PROTOCOL_PARTS).map(([key, part]) => [
      key,
      everything || all.some((each) => part.isUsed(each)) ? part : null,
    ]),
  )
}

function record(parts: ReadonlyMap<string, Part | null>): string {
  const members = [...parts].map(
    ([key, part]) => `${JSON.stringify(key)}: ${part ? part.name : 'null'}`,
  )
  return `{ ${members.join(', ')} }`
}
