import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { TestProject } from 'vitest/node'

import { build } from '../../scripts/serve.ts'
import { compileFixtures } from '../fixtures/compile.ts'
import { startUpstream } from '../upstream.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A built project in a folder of its own, and where its providers expect the upstream. */
    readonly built: { readonly root: string; readonly upstreamPort: number }
  }
}

const ROOT = resolve(import.meta.dirname, '../..')

/** Builds a copy of the worker with the fixtures compiled in, once for all socket tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const root = join(ROOT, `.outpost/test-${process.pid}`)
  mkdirSync(root, { recursive: true })
  const teardown = () => rmSync(root, { recursive: true, force: true })
  try {
    cpSync(join(ROOT, 'src'), join(root, 'src'), { recursive: true })
    // Without the compile step: the catalog is written here.
    const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    writeFileSync(join(root, 'wrangler.toml'), config.replace(/^\[build\]\n(?:[^[].*\n|\n)*/m, ''))
    const upstreamPort = await freePort()
    const src = join(root, 'src')
    const out = join(src, 'generated/catalog.ts')
    mkdirSync(join(src, 'generated'), { recursive: true })
    writeFileSync(out, await compileFixtures({ port: upstreamPort, src, out }))
    await build({ root })
    project.provide('built', { root, upstreamPort })
  } catch (error) {
    teardown()
    throw error
  }
  return teardown
}

async function freePort(): Promise<number> {
  const upstream = await startUpstream()
  await upstream.close()
  return upstream.port
}
