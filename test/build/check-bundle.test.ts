import { randomBytes } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { checkBundle } from '../../scripts/check-bundle.ts'
import type { Metafile } from '../../scripts/check-bundle.ts'

/** A metafile whose entry has these inputs, each with its size in the bundle. */
function metafile(sizes: Readonly<Record<string, number>>): Metafile {
  const inputs = Object.fromEntries(
    Object.entries(sizes).map(([path, bytesInOutput]) => [path, { bytesInOutput }]),
  )
  return {
    inputs,
    outputs: {
      'dist/worker.js.map': { inputs: {} },
      'dist/worker.js': { entryPoint: 'src/worker.ts', inputs },
    },
  }
}

const GOOD = { 'src/worker.ts': 500, 'node_modules/hono/dist/hono.js': 9000 }

describe('checkBundle', () => {
  it.each([
    ['hono', []],
    ['jose', ['hono is in the bundle, and no dependency: see docs/dependencies.md']],
  ])('lets in what was reviewed: %s', (reviewed, faults) => {
    const nested = { 'node_modules/jose/node_modules/hono/x.js': 1 }
    expect(checkBundle(metafile(GOOD), 'code', [reviewed]).faults).toEqual(faults)
    expect(checkBundle(metafile(nested), 'code', [reviewed]).faults).toEqual(faults)
  })

  it.each([
    'src/worker.ts',
    'src/generated/catalog.ts',
    'node_modules/hono/dist/hono.js',
    'node_modules/yaml-like/index.js',
    'node_modules/some/scripts/index.js',
    'src/policy/test/x.ts',
  ])('lets %s in', (path) => {
    expect(checkBundle(metafile({ ...GOOD, [path]: 1 }), 'code').faults).toEqual([])
  })

  it.each([
    'node_modules/yaml/browser/index.js',
    'node_modules/zod/index.js',
    'node_modules/@valibot/to-json-schema/dist/index.mjs',
    'node_modules/other/node_modules/zod/v4/core.js',
    '../node_modules/yaml/dist/index.js',
    'scripts/compile.ts',
    'test/builders.ts',
    '../test/builders.ts',
  ])('refuses %s, even when nothing of it is left in the code', (path) => {
    const { faults } = checkBundle(metafile({ ...GOOD, [path]: 0 }), 'code')
    expect(faults).toEqual([expect.stringContaining(path)])
  })

  it.each([
    'YAMLParseError',
    'ZodError',
    'tag:yaml.org,2002',
    'cannot be converted to JSON Schema',
  ])('refuses code with %s', (name) => {
    const { faults } = checkBundle(metafile(GOOD), `var x = "${name}:str"`)
    expect(faults).toEqual([expect.stringContaining(name)])
  })

  it('measures the size as it is sent, compressed', () => {
    const repeated = 'x'.repeat(1024 * 1024)
    const random = randomBytes(120 * 1024).toString('base64')
    expect(checkBundle(metafile(GOOD), repeated).faults).toEqual([])
    expect(checkBundle(metafile(GOOD), random).faults).toEqual([])
    expect(
      checkBundle(metafile(GOOD), random + randomBytes(20 * 1024).toString('base64')).faults,
    ).toEqual([expect.stringMatching(/^14\d\.\d KiB gzip is more than the 128 KiB/)])
  })

  it('lists what takes most, largest first', () => {
    const { summary } = checkBundle(metafile(GOOD), 'code')
    expect(summary.split('\n').slice(1)).toEqual([
      '     8.8 KiB  node_modules/hono/dist/hono.js',
      '     0.5 KiB  src/worker.ts',
    ])
  })
})
