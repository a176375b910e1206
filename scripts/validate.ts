import { basename, resolve } from 'node:path'

import type { Window } from '../src/catalog.ts'
import { readFolder, readIfThere, readSource } from './catalog/project-files.ts'
import type { Source } from './catalog/project-files.ts'
import type { CheckedProvider } from './catalog/provider-check.ts'
import { compileFiles, report } from './compile.ts'

/** What one provider file comes to, for a person; empty when it is not valid. */
export function summary({ source, enabled, file, auth, secrets }: CheckedProvider): string {
  if (!file || !auth) return ''
  const { forwarding } = file
  const rules = `${forwarding.allow.length} allow, ${forwarding.deny.length} deny`
  const rows = [
    ['base_url', file.base_url],
    ['mode', `${forwarding.mode}, ${rules}`],
    ['limits', limits(forwarding.rate_limits)],
    ['auth', auth.type],
    ['secrets', secrets.join(', ') || 'none'],
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

async function main(): Promise<void> {
  const root = resolve(import.meta.dirname, '..')
  const named = process.argv.slice(2)
  // npm runs scripts in the package's folder; a FILE is meant from where the person stands.
  const from = process.env['INIT_CWD'] ?? process.cwd()
  const sources = await Promise.all(named.map((path) => readSource(root, resolve(from, path))))
  const found = await compileFiles(
    named.length > 0
      ? sources.filter((each) => !isHosts(each))
      : await readFolder(root, 'providers'),
    sources.find(isHosts) ?? (await readIfThere(root, 'hosts.yaml')),
  )
  process.stdout.write(
    found.checked
      .map((each) => summary(each))
      .filter(Boolean)
      .join('\n'),
  )
  process.stderr.write(report(found))
  if (found.problems.length > 0) process.exitCode = 1
}

function isHosts({ file }: Source): boolean {
  return /^hosts\.ya?ml$/.test(basename(file))
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
