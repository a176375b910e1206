import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { redact } from '../src/audit/redact.ts'
import type { Window } from '../src/limits/bucket.ts'
import type { Problem } from './catalog/problem.ts'
import { readFolder, readIfThere, readSource } from './catalog/project-files.ts'
import type { Source } from './catalog/project-files.ts'
import type { CheckedProvider } from './catalog/provider-check.ts'
import { compileFiles, counted, readBindings, report } from './compile.ts'
import type { Compiled } from './compile.ts'
import { messageOf } from './terminal.ts'
import { checkWorkstation, WORKSTATION_FILE } from './workstation/file.ts'

const HELP = `Usage: npm run validate [FILE…]

Checks provider files, hosts.yaml and workstation.yaml, and says what each comes to: everything in
providers/ and those two, or FILE alone, wherever it is. FILE is seen beside the other files, so that
a name that one of them has is an error.

Exit code: 0 when all is well, 1 when something is wrong with a file, 2 when there is no such file.
`

/** What was done wrong on the command line. */
class Misuse extends Error {}

/** What one provider file comes to, for a person; empty when it is not valid. */
export function summary(checked: CheckedProvider): string {
  const { source, enabled, file, auth, secrets, uris, alias_of } = checked
  if (!file || !auth) return ''
  const { forwarding } = file
  const rules = `${forwarding.allow.length} allow, ${forwarding.deny.length} deny`
  const rows = [
    ...(alias_of === null ? [] : [['alias_of', alias_of]]),
    ...(file.tenant === null ? [] : [['tenant', file.tenant]]),
    ['base_url', redact(file.base_url, [])],
    ['mode', `${forwarding.mode}, ${rules}`],
    ['limits', limits(forwarding.rate_limits)],
    ['auth', auth.type],
    ['secrets', [...secrets, ...uris].join(', ') || 'none'],
  ]
  const head = `${file.name} (${enabled ? 'enabled' : 'disabled'})  ${source.file}`
  return `${[head, ...rows.map(([key = '', row]) => `  ${key.padEnd(9)} ${row}`)].join('\n')}\n`
}

function limits(found: Readonly<Record<string, readonly Window[]>>): string {
  const categories = Object.entries(found).map(
    ([category, windows]) =>
      `${category} ${windows.map((each) => rate(each)).join(' and ') || 'none'}`,
  )
  return categories.join('; ') || 'none'
}

function rate({ capacity, window_ms }: Window): string {
  return `${capacity} per ${window_ms % 1000 === 0 ? `${window_ms / 1000} s` : `${window_ms} ms`}`
}

async function main(args: string[]): Promise<void> {
  const { named, help } = parsed(args)
  if (help) {
    process.stdout.write(HELP)
    return
  }
  const root = resolve(import.meta.dirname, '..')
  const { files, hosts, workstation, asked } = await chosen(root, named)
  const compiled = await compileFiles(files, hosts, { bindings: await readBindings(root) })
  const isAsked = ({ file }: { readonly file: string }): boolean => asked.has(file)
  const inherited = new Set(
    compiled.checked
      .filter(({ source }) => isAsked(source))
      .flatMap(({ bases }) => bases.map(({ file }) => file)),
  )
  const stores = workstation && checkWorkstation(workstation.file, workstation.text)
  const found = {
    problems: [
      // An alias is not right when what it extends is wrong.
      ...compiled.problems.filter((each) => isAsked(each) || inherited.has(each.file)),
      ...(stores?.problems ?? []),
    ],
    warnings: compiled.warnings.filter((each) => isAsked(each) || hosts === null),
  }
  process.stdout.write(
    [
      ...compiled.checked
        .filter(({ source }) => isAsked(source))
        .toSorted((a, b) => Number(b.enabled) - Number(a.enabled))
        .map((each) => summary(each)),
      hosts && isAsked(hosts)
        ? okLine(hosts.file, counted(compiled.hosts.length, 'host'), found.problems)
        : '',
      workstation && stores
        ? okLine(workstation.file, counted(stores.references.size, 'reference'), found.problems)
        : '',
    ]
      .filter(Boolean)
      .join('\n'),
  )
  process.stderr.write(report(found))
  process.stdout.write(`\n${totals(asked.size, found)}\n`)
  if (found.problems.length > 0) process.exitCode = 1
}

function parsed(args: string[]): { readonly named: readonly string[]; readonly help: boolean } {
  try {
    const options = { help: { type: 'boolean', default: false } } as const
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { named: positionals, help: values.help }
  } catch (error) {
    throw new Misuse(`${messageOf(error)}\n\n${HELP.trimEnd()}`)
  }
}

interface Chosen {
  readonly files: readonly Source[]
  readonly hosts: Source | null
  /** When it is asked for. */
  readonly workstation: Source | null
  /** The files that somebody wants to hear of. */
  readonly asked: ReadonlySet<string>
}

/** Named files come last, so that a name which is there twice is a problem of theirs. */
async function chosen(root: string, named: readonly string[]): Promise<Chosen> {
  // npm runs scripts in the package's folder; a FILE is meant from where the person stands.
  const from = process.env['INIT_CWD'] ?? process.cwd()
  const sources = await Promise.all(named.map((path) => readNamed(root, resolve(from, path))))
  const mine = sources.filter((each) => !isHosts(each) && !isWorkstation(each))
  // One that lies elsewhere stands for the one of its name in providers/.
  const names = new Set(mine.map(({ file }) => basename(file)))
  const folder = await readFolder(root, 'providers')
  const others = folder.filter(({ file }) => !names.has(basename(file)))
  const hosts = sources.find(isHosts) ?? (await readIfThere(root, 'hosts.yaml'))
  const files = [...others, ...mine]
  const whole = named.length === 0
  const workstation = whole
    ? await readIfThere(root, WORKSTATION_FILE)
    : (sources.find(isWorkstation) ?? null)
  const all = whole ? [...files, hosts, workstation].filter((each) => each !== null) : sources
  return { files, hosts, workstation, asked: new Set(all.map(({ file }) => file)) }
}

async function readNamed(root: string, path: string): Promise<Source> {
  try {
    return await readSource(root, path)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Misuse(missing ? `there is no file ${path}` : `cannot read ${messageOf(error)}`)
  }
}

function isWorkstation({ file }: Source): boolean {
  return basename(file) === WORKSTATION_FILE
}

function isHosts({ file }: Source): boolean {
  return /^hosts\.ya?ml$/.test(basename(file))
}

function okLine(file: string, what: string, problems: readonly Problem[]): string {
  return problems.some((each) => each.file === file) ? '' : `${file}: ${what}, ok\n`
}

function totals(files: number, { problems, warnings }: Pick<Compiled, 'problems' | 'warnings'>) {
  return [
    counted(files, 'file'),
    counted(problems.length, 'error'),
    ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
  ].join(', ')
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = error instanceof Misuse ? 2 : 1
  })
}
