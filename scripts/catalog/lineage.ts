import { Extended } from './extended.ts'
import type { Mapping, Written } from './extended.ts'
import { didYouMean } from './nearest.ts'
import { Wrong } from './problem.ts'
import { providerName } from './provider-name.ts'
import { booleanOf, isMapping, isNull } from './word.ts'
import type { YamlFile } from './yaml.ts'

/** A provider file with what it inherits. */
export interface Lineage {
  /** Everything that the provider says. It has no tree when what it extends cannot be known. */
  readonly source: Written
  /** null when there is no valid name. */
  readonly name: string | null
  readonly enabled: boolean
  /** The files that it extends, the nearest first. */
  readonly bases: readonly YamlFile[]
  /** The name in the last of them, which extends nothing. null: the provider is no alias. */
  readonly alias_of: string | null
}

/** Joins each alias (`extends: NAME`) with its base, and finds the names that lead nowhere. */
export function lineages(files: readonly YamlFile[]): readonly Lineage[] {
  const named = Map.groupBy(files, nameOf)
  return files.map((own) => {
    const chain = chainOf(own, named)
    const root = chain.bases.at(-1)
    return {
      source: joined(own, chain),
      name: nameOf(own),
      enabled: isEnabled(own),
      bases: chain.bases,
      alias_of: root ? nameOf(root) : null,
    }
  })
}

type Named = ReadonlyMap<string | null, readonly YamlFile[]>

interface Chain {
  readonly bases: readonly YamlFile[]
  /** Why it does not end with a file that extends nothing, and which file is to blame. */
  readonly fault: { readonly in: YamlFile; readonly message: string } | null
}

function chainOf(own: YamlFile, named: Named): Chain {
  const bases: YamlFile[] = []
  for (let last = own; ;) {
    const base = baseOf(last, named)
    if (base === null) return { bases, fault: null }
    if (base instanceof Wrong) return { bases, fault: { in: last, message: base.message } }
    if (base === own || bases.includes(base)) {
      const files = [own, ...bases]
      const round = [...files.slice(files.indexOf(base)), base].map(nameOf).join(' → ')
      return { bases, fault: { in: base, message: `this goes round in a circle: ${round}` } }
    }
    bases.push(base)
    last = base
  }
}

/** What a file extends; null when that is nothing. */
function baseOf(file: YamlFile, named: Named): YamlFile | Wrong | null {
  const found = mappingOf(file)?.['extends']
  if (found === undefined || isNull(found)) return null
  const { data: name, error } = providerName.safeParse(found)
  if (name === undefined) return new Wrong(error.issues[0]?.message ?? 'expected a name')
  const own = nameOf(file)
  return name === own ? new Wrong('a provider cannot extend itself') : called(name, named, own)
}

/** A disabled file may have the name of an enabled one, which comes first. */
function called(name: string, named: Named, own: string | null): YamlFile | Wrong {
  const files = named.get(name) ?? []
  const enabled = files.filter(isEnabled)
  const [base, other] = enabled.length > 0 ? enabled : files
  if (base && other) return new Wrong(`both ${base.file} and ${other.file} have this name`)
  if (base) return base
  const known = [...named.keys()].flatMap((each) => (each === null || each === own ? [] : [each]))
  return new Wrong(`no provider is called "${name}"${didYouMean(name, known)}`)
}

/** A fault in another file is not told here too: the build stops either way. */
function joined(own: YamlFile, { bases, fault }: Chain): Written {
  if (fault) return unknown(own, fault.in === own ? fault.message : null)
  return [own, ...bases].reduceRight<Written>(
    (base, file) => {
      const mine = mappingOf(file)
      if (!mine || file === base) return file
      return isMapping(base.tree) ? new Extended(file, mine, base, base.tree) : unknown(file, null)
    },
    bases.at(-1) ?? own,
  )
}

function unknown(own: YamlFile, message: string | null): Written {
  return {
    file: own.file,
    tree: undefined,
    problems: [...own.problems, ...(message === null ? [] : [own.problem(['extends'], message)])],
    problem: (path, text, at) => own.problem(path, text, at),
  }
}

function mappingOf({ tree }: YamlFile): Mapping | null {
  return isMapping(tree) ? tree : null
}

function nameOf(file: YamlFile): string | null {
  return providerName.safeParse(mappingOf(file)?.['name']).data ?? null
}

/** Unless a file says `enabled: false`. */
function isEnabled(file: YamlFile): boolean {
  return booleanOf(mappingOf(file)?.['enabled']) ?? true
}
