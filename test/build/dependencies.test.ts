import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { describe, expect, it } from 'vitest'

const REGISTRY = 'https://registry.npmjs.org/'
const ROOT = resolve(import.meta.dirname, '../..')

type Names = Readonly<Record<string, string>>

interface Manifest {
  readonly dependencies: Names
  readonly devDependencies: Names
  readonly optionalDependencies: Names
  readonly allowScripts: Readonly<Record<string, boolean>>
}

interface Locked {
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly dependencies?: Names
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8'))
}

const manifest = json('package.json') as Manifest
const { packages } = json('package-lock.json') as { readonly packages: Record<string, Locked> }
const locked = Object.entries(packages).filter(([place]) => place !== '')
const nameOf = (place: string) => place.replace(/^.*node_modules\//, '')

/** The tables of docs/dependencies.md in their order, without their heads: rows of cells. */
const tables = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8')
  .split(/\n(?!\|)/)
  .map((part) => part.split('\n').filter((line) => line.startsWith('|')))
  .filter((lines) => lines.length > 2)
  .map((lines) => lines.slice(2).map((line) => line.split('|').slice(1, -1).map(textOf)))

const [worker = [], , build = [], scripts = []] = tables

function textOf(cell: string): string {
  return cell.trim().replaceAll('`', '')
}

/** Of a package, the files of `src/` that import it; types too, since they say what it is for. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = text.matchAll(
    /^(?:import\b[^'"]*|export\b[^'"=;()]*\bfrom )'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  )
  const names = Array.from(found, ([, name, late]) => name ?? late ?? '')
  return names.filter((name) => !name.startsWith('.'))
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

const files = globSync('src/**/*.ts', { cwd: ROOT }).toSorted()
const imported = files.flatMap((file) =>
  importsOf(file).map((specifier) => ({ file, name: packageOf(specifier) })),
)

describe('docs/dependencies.md', () => {
  it('has each package of the Worker, its version, and who imports it', () => {
    const rows = Object.entries(manifest.dependencies).map(([name, version]) => {
      const by = imported.filter((each) => each.name === name).map(({ file }) => file)
      return [name, version, [...new Set(by)].join(', ')]
    })
    expect(worker).toEqual(rows)
  })

  it('has each package of who builds, and its version', () => {
    const all = { ...manifest.devDependencies, ...manifest.optionalDependencies }
    expect(build.map(([name, version]) => [name, version])).toEqual(Object.entries(all))
  })

  it('has each package with an install script, which package.json allows', () => {
    const named = scripts.map(([name]) => name)
    const places = locked.filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(named).toEqual(places.map(([place]) => nameOf(place)))
    const allowed = Object.entries(manifest.allowScripts).filter(([, yes]) => yes)
    expect(named).toEqual(allowed.map(([name]) => name))
  })

  it('is right that no other one that is installed has such a script', () => {
    const found = locked.filter(([place]) => {
      const file = `${place}/package.json`
      if (!existsSync(join(ROOT, file))) return false // of another platform
      const { scripts: own = {} } = json(file) as { readonly scripts?: Names }
      const runs = Object.keys(own).some((name) => /^(?:pre|post)?install$/.test(name))
      return runs || existsSync(join(ROOT, place, 'binding.gyp'))
    })
    expect(found.map(([place]) => nameOf(place))).toEqual(scripts.map(([name]) => name))
  })
})

describe('the Worker', () => {
  it('imports nothing that is not a dependency', () => {
    const names = new Set(imported.map(({ name }) => name))
    names.delete('cloudflare:workers')
    expect(names).toEqual(new Set(Object.keys(manifest.dependencies)))
  })

  it('has dependencies that bring no others', () => {
    const brought = Object.keys(manifest.dependencies).flatMap((name) =>
      Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}),
    )
    expect(brought).toEqual([])
  })
})

describe('the lock file', () => {
  it('has a digest for every package, and no other place than the registry', () => {
    const others = locked.filter(
      ([, { resolved = REGISTRY, integrity = '' }]) =>
        !resolved.startsWith(REGISTRY) || !integrity.startsWith('sha512-'),
    )
    expect(others.map(([place]) => place)).toEqual([])
  })

  it('has exact versions of what is asked for', () => {
    const all = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    }
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual(
      [],
    )
  })
})
