import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { aliasDoubts } from './catalog/alias-doubts.ts'
import type { Written } from './catalog/extended.ts'
import { checkHosts } from './catalog/hosts-check.ts'
import { layoutProblems } from './catalog/layout-check.ts'
import { lineages } from './catalog/lineage.ts'
import { bindingsIn, boundKeys, boundSecrets, NO_BINDINGS } from './catalog/own-bindings.ts'
import type { Bindings } from './catalog/own-bindings.ts'
import { PluginFolder } from './catalog/plugins.ts'
import type { LoadedPlugin } from './catalog/plugins.ts'
import { compare, formatProblem, inFileOrder } from './catalog/problem.ts'
import type { Problem } from './catalog/problem.ts'
import { readFolder, readIfThere, readSource, writeChanged } from './catalog/project-files.ts'
import type { Source } from './catalog/project-files.ts'
import { checkProvider } from './catalog/provider-check.ts'
import type { CheckedProvider } from './catalog/provider-check.ts'
import { render } from './catalog/render.ts'
import type { CatalogParts } from './catalog/render.ts'
import { foreignSecrets } from './catalog/secret-names.ts'
import { YamlFile } from './catalog/yaml.ts'
import { renderOpenapi } from './openapi/document.ts'

export interface CompileOptions {
  /** Where `plugins/…` of a `module_ts` is looked for. Default: `src/plugins` of this checkout. */
  readonly plugins?: string
  /** The bindings of wrangler.toml: no secret may have their name. Default: none. */
  readonly bindings?: Bindings
}

/** What compiling found. The parts are complete only when there are no problems. */
export interface Compiled extends CatalogParts {
  /** Disabled ones too, in the order of the files. */
  readonly checked: readonly CheckedProvider[]
  /** Everything that is wrong, in file order: with one of these nothing may be built. */
  readonly problems: readonly Problem[]
  /** What an operator should look at, in file order. */
  readonly warnings: readonly Problem[]
}

const ROOT = resolve(import.meta.dirname, '..')

/** Compiles provider files and `hosts.yaml` (null: there is none) without touching the disk. */
export async function compileFiles(
  files: readonly Source[],
  hosts: Source | null,
  options: CompileOptions = {},
): Promise<Compiled> {
  const plugins = new PluginFolder(options.plugins ?? join(ROOT, 'src/plugins'))
  const { bindings = NO_BINDINGS } = options
  const sources = files.map(({ file, text }) => new YamlFile(file, text))
  const checked = await Promise.all(lineages(sources).map((each) => checkProvider(each, plugins)))
  const enabled = checked.filter((each) => each.enabled)
  const names = new Set(enabled.flatMap(({ name }) => name ?? []))
  const from = hosts && new YamlFile(hosts.file, hosts.text)
  const found = checkHosts(from, names)
  return {
    ...partsOf(enabled),
    hosts: found.hosts,
    secretNames: secretsOf(
      enabled,
      found.hosts.map((host) => host.auth_token_env),
    ),
    checked,
    problems: inFileOrder([
      ...checked.flatMap(({ problems }) => problems),
      ...repeatedNames(enabled),
      ...layoutProblems(enabled),
      ...checked.flatMap(({ source }) => foreignSecrets(source, found.hosts)),
      ...checked.flatMap(({ source }) => boundSecrets(source, bindings)),
      ...boundKeys(from, found.hosts, bindings),
      ...found.problems,
    ]),
    warnings: inFileOrder([
      ...checked.flatMap(({ warnings }) => warnings),
      ...aliasDoubts(checked),
      ...found.warnings,
    ]),
  }
}

function partsOf(enabled: readonly CheckedProvider[]): Pick<Compiled, 'providers' | 'plugins'> {
  const providers = enabled.flatMap(({ provider }) => provider ?? [])
  const plugins = enabled.flatMap(({ plugin }) => plugin ?? [])
  return {
    providers: new Map(
      providers
        .toSorted((a, b) => compare(a.name, b.name))
        .map((provider) => [provider.name, provider]),
    ),
    plugins: new Map<string, LoadedPlugin>(
      plugins
        .toSorted((a, b) => compare(a.module, b.module))
        .map((plugin) => [plugin.module, plugin]),
    ),
  }
}

function secretsOf(
  enabled: readonly CheckedProvider[],
  keys: readonly (string | null)[],
): readonly string[] {
  const names = [...enabled.flatMap(({ secrets }) => secrets), ...keys]
  return [...new Set(names.filter((name) => name !== null))].toSorted(compare)
}

function repeatedNames(enabled: readonly CheckedProvider[]): Problem[] {
  const first = new Map<string, Written>()
  return enabled.flatMap(({ source, name }) => {
    const before = name === null ? undefined : first.get(name)
    if (name !== null && before === undefined) first.set(name, source)
    if (before === undefined) return []
    const { file, line } = before.problem(['name'], '')
    return [source.problem(['name'], `"${name}" is already the name in ${file}:${line}`)]
  })
}

/** Where a project is. Paths that are not absolute are seen from `root`. */
export interface Project {
  readonly root: string
  /** Default: `providers`. */
  readonly providersDir?: string | undefined
  /** Default: `hosts.yaml`, which need not exist. One that is named must. */
  readonly hostsFile?: string | undefined
  /** Default: `src/generated/catalog.ts`. */
  readonly out?: string | undefined
}

/** What compiling a project found, and whether a module on disk had to be written. */
export interface CompiledProject extends Compiled {
  readonly written: boolean
}

/**
 * Compiles a project and writes its module, and that of the OpenAPI document beside it, if they say
 * something new. With problems nothing is written. @throws when a folder or file that was named cannot be read.
 */
export async function compileProject(project: Project): Promise<CompiledProject> {
  const { root, providersDir = 'providers', hostsFile, out = 'src/generated/catalog.ts' } = project
  const files = await readFolder(root, providersDir)
  const hosts = hostsFile
    ? await readSource(root, hostsFile)
    : await readIfThere(root, 'hosts.yaml')
  // A copy of the Worker has its own schemes: with those of another, a secret would be of two classes.
  const isCopy = (await readIfThere(root, 'src/worker.ts')) !== null
  const src = join(isCopy ? root : ROOT, 'src')
  const bindings = await readBindings(root)
  const compiled = await compileFiles(files, hosts, { bindings, plugins: join(src, 'plugins') })
  if (compiled.problems.length > 0) return { ...compiled, written: false }
  const target = resolve(root, out)
  const text = render(compiled, { out: target, src })
  const written = await Promise.all([
    writeChanged(target, text),
    writeChanged(resolve(target, '../openapi.ts'), renderOpenapi()),
  ])
  return { ...compiled, written: written.includes(true) }
}

/** Of the wrangler.toml in a folder, which need not be there. */
export async function readBindings(root: string): Promise<Bindings> {
  return bindingsIn((await readIfThere(root, 'wrangler.toml'))?.text ?? '')
}

async function main(): Promise<void> {
  const option = { type: 'string' } as const
  const { values } = parseArgs({ options: { providers: option, hosts: option, out: option } })
  const found = await compileProject({
    root: ROOT,
    providersDir: values.providers && resolve(values.providers),
    hostsFile: values.hosts && resolve(values.hosts),
    out: values.out && resolve(values.out),
  })
  process.stderr.write(report(found))
  if (found.problems.length > 0) process.exitCode = 1
  else process.stdout.write(`${outcome(found)}\n`)
}

function outcome({ providers, checked, hosts }: Compiled): string {
  const files = counted(checked.length, 'provider file')
  return `compiled ${files}, ${providers.size} enabled, and ${counted(hosts.length, 'host')}`
}

/** `1 host`, `2 hosts`, `0 hosts`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Everything that was found, a line each; empty when all is well. */
export function report({ problems, warnings }: Pick<Compiled, 'problems' | 'warnings'>): string {
  const lines = [
    ...warnings.map((each) => `warning: ${formatProblem(each)}`),
    ...problems.map((each) => formatProblem(each)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
