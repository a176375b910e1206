import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'

import type { TestProject } from 'vitest/node'

import { render } from '../../scripts/catalog/render.ts'
import { compileFiles, report } from '../../scripts/compile.ts'
import { build } from '../../scripts/serve.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A built project in a folder of its own, and the port that each upstream of its providers has. */
    readonly clients: { readonly root: string; readonly ports: Readonly<Record<string, number>> }
  }
}

const ROOT = resolve(import.meta.dirname, '../..')

/** `${s3}` in a provider file is the port of the upstream that is called `s3`. */
const PORT = /\$\{([a-z0-9-]+)\}/g

/** Builds the worker with the providers of this folder compiled in, once for all tests of clients. */
export default async function setup(project: TestProject): Promise<() => void> {
  const root = join(ROOT, `.outpost/clients-${process.pid}`)
  const src = join(root, 'src')
  mkdirSync(join(src, 'generated'), { recursive: true })
  const teardown = () => rmSync(root, { recursive: true, force: true })
  try {
    cpSync(join(ROOT, 'src'), src, { recursive: true })
    // Without the compile step: the catalog is written here.
    const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    writeFileSync(join(root, 'wrangler.toml'), config.replace(/^\[build\]\n(?:[^[].*\n|\n)*/m, ''))
    const { text, ports } = await compiled(src)
    writeFileSync(join(src, 'generated/catalog.ts'), text)
    await build({ root })
    project.provide('clients', { root, ports })
  } catch (error) {
    teardown()
    throw error
  }
  return teardown
}

async function compiled(src: string) {
  const folder = join(import.meta.dirname, 'providers')
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => read(join(folder, name)))
  const names = new Set(files.flatMap(({ text }) => Array.from(text.matchAll(PORT), ([, n]) => n)))
  const ports: Record<string, number> = {}
  for (const name of names) if (name !== undefined) ports[name] = await freePort()
  const filled = files.map(({ file, text }) => ({
    file,
    text: text.replaceAll(PORT, (_, name: string) => String(ports[name])),
  }))
  const hosts = read(join(import.meta.dirname, 'hosts.yaml'))
  const result = await compileFiles(filled, hosts, { plugins: join(src, 'plugins') })
  if (result.problems.length > 0) throw new Error(report(result))
  return { text: render(result, { out: join(src, 'generated/catalog.ts'), src }), ports }
}

function read(file: string) {
  return { file, text: readFileSync(file, 'utf8') }
}

/** Kept open until the next one is found, so that no two are the same. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo
  await new Promise((done) => {
    server.close(done)
  })
  return port
}
