import type { Host } from '../../src/catalog.ts'
import { validated } from './explain.ts'
import { hostsFile } from './hosts-schema.ts'
import { didYouMean } from './nearest.ts'
import type { Path, Problem } from './problem.ts'
import { textOf } from './value.ts'
import { isEmpty, isMapping, itemsOf } from './word.ts'
import type { Tree } from './word.ts'
import type { YamlFile } from './yaml.ts'

/** What became of `hosts.yaml`. */
export interface CheckedHosts {
  readonly hosts: readonly Host[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

const NOBODY = 'no host: nobody can call anything'

/** Reads `hosts.yaml`, or says that there is none. */
export function checkHosts(source: YamlFile | null, names: ReadonlySet<string>): CheckedHosts {
  if (source === null) {
    const warning = { file: 'hosts.yaml', line: 1, column: 1, path: '', message: NOBODY }
    return { hosts: [], problems: [], warnings: [warning] }
  }
  const { tree } = source
  if (tree === undefined) return { hosts: [], problems: source.problems, warnings: [] }
  const { data, faults } = validated(hostsFile, isEmpty(tree) ? {} : tree, new Map())
  const items = isMapping(tree) ? itemsOf(tree['hosts']) : []
  const hosts = data ?? []
  return {
    hosts,
    problems: [
      ...source.problems,
      ...faults.map(({ path, at, message }) => source.problem(path, message, at)),
      ...repeatedIds(source, items),
    ],
    warnings: [
      ...(data?.length === 0 ? [source.problem(['hosts'], NOBODY)] : []),
      ...legacy(source, items),
      ...hosts.flatMap((host, index) => strangers(source, host, ['hosts', index], names)),
      ...unreachable(source, hosts),
      ...hosts.flatMap((host, index) => open(source, host, ['hosts', index])),
    ],
  }
}

function repeatedIds(source: YamlFile, items: readonly Tree[]): Problem[] {
  const ids = items.map((item) => (isMapping(item) ? textOf(item['id']) : null))
  return ids.flatMap((id, index) => {
    const first = ids.indexOf(id)
    if (id === null || first === index) return []
    const { line } = source.problem(['hosts', first, 'id'], '')
    return [source.problem(['hosts', index, 'id'], `the same id as on line ${line}`)]
  })
}

function legacy(source: YamlFile, items: readonly Tree[]): Problem[] {
  const message = 'this key is now called "can_call_sensitive"'
  return items.flatMap((item, index) =>
    isMapping(item) && 'can_trade' in item
      ? [source.problem(['hosts', index, 'can_trade'], message, 'key')]
      : [],
  )
}

function strangers(
  source: YamlFile,
  { providers }: Host,
  path: Path,
  names: ReadonlySet<string>,
): Problem[] {
  return (providers ?? []).flatMap((name, index) => {
    if (names.has(name)) return []
    const message = `no enabled provider is called "${name}"${didYouMean(name, [...names])}`
    return [source.problem([...path, 'providers', index], message)]
  })
}

/** Of two equal ranges the first one in the file decides. */
function unreachable(source: YamlFile, hosts: readonly Host[]): Problem[] {
  const owners = new Map<string, string>()
  return hosts.flatMap(({ id, cidrs }, index) =>
    cidrs.flatMap((range) => {
      const owner = owners.get(range)
      owners.set(range, owner ?? id)
      if (owner === undefined) return []
      const message = `${range} belongs to host "${owner}" already, which comes first`
      return [source.problem(['hosts', index, 'cidrs'], message, 'key')]
    }),
  )
}

function open(source: YamlFile, host: Host, path: Path): Problem[] {
  const everybody = host.cidrs.find((range) => range.endsWith('/0'))
  if (everybody === undefined || host.auth_token_env !== null || host.require_grant) return []
  const message = `${everybody} is everybody; set "auth_token_env" or "require_grant: true"`
  return [source.problem([...path, 'cidrs'], message, 'key')]
}
