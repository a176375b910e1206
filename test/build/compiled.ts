import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { formatProblem } from '../../scripts/catalog/problem.ts'
import { compileFiles } from '../../scripts/compile.ts'
import type { Compiled } from '../../scripts/compile.ts'
import type { Provider } from '../../src/catalog.ts'

/** One row of a table in `fixtures/`: what is wrong, the text that is, and the problem printed. */
export interface Vector {
  readonly what: string
  /** `line:column  path: message`, or how that begins. */
  readonly problem: string
  readonly add?: string
  readonly rule?: string
  readonly file?: string
  readonly auth?: string
}

/** A table of `fixtures/`. */
export function vectors(name: string): readonly Vector[] {
  const text = readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
  return parse(text) as readonly Vector[]
}

/** Where the plugins of these tests are. */
export const PLUGINS = join(import.meta.dirname, 'fixtures/plugins')

const HOSTS = { file: 'hosts.yaml', text: 'hosts: [{ id: a, cidrs: [10.0.0.0/8] }]\n' }

/** Compiles one provider file called `providers/x.yaml`. */
export function compiled(text: string): Promise<Compiled> {
  return compileFiles([{ file: 'providers/x.yaml', text }], HOSTS, { plugins: PLUGINS })
}

/** Compiles provider files by name: `{ x: … }` is `providers/x.yaml`. */
export function compiledFiles(files: Readonly<Record<string, string>>): Promise<Compiled> {
  const sources = Object.entries(files).map(([name, text]) => ({
    file: `providers/${name}.yaml`,
    text,
  }))
  return compileFiles(sources, HOSTS, { plugins: PLUGINS })
}

/** What was found, as it is printed, without the folder. */
export function linesOf({ problems, warnings }: Pick<Compiled, 'problems' | 'warnings'>) {
  return [
    ...problems.map((each) => formatProblem(each)),
    ...warnings.map((each) => `warning: ${formatProblem(each)}`),
  ].map((line) => line.replaceAll('providers/', ''))
}

/** What is wrong with one provider file, as it is printed. */
export async function problemsOf(text: string): Promise<readonly string[]> {
  return (await compiled(text)).problems.map((each) => formatProblem(each))
}

/** What a right provider file comes to. */
export async function providerOf(text: string): Promise<Provider> {
  const { providers, problems } = await compiled(text)
  const [provider] = providers.values()
  if (!provider) throw new Error(problems.map((each) => formatProblem(each)).join('\n'))
  return provider
}

/** What is wrong with a `hosts.yaml`, as it is printed; warnings too. */
export async function hostsOf(text: string) {
  const found = await compileFiles(
    [{ file: 'providers/x.yaml', text: 'name: github\nbase_url: https://x.test\nauth: none\n' }],
    { file: 'hosts.yaml', text },
  )
  return {
    hosts: found.hosts,
    problems: found.problems.map((each) => formatProblem(each)),
    warnings: found.warnings.map((each) => formatProblem(each)),
  }
}
