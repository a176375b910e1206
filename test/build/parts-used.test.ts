import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { BACKEND_PARTS, PROTOCOL_PARTS, SCHEME_PARTS } from '../../scripts/catalog/parts-used.ts'
import { render } from '../../scripts/catalog/render.ts'
import { compileFiles } from '../../scripts/compile.ts'
import { SCHEMES } from '../../src/auth/index.ts'
import { BACKENDS } from '../../src/sources/index.ts'

const SRC = join(import.meta.dirname, '../../src')

async function exported(file: string, name: string): Promise<unknown> {
  const module = (await import(join(SRC, file))) as Readonly<Record<string, unknown>>
  return module[name]
}

async function catalogOf(yaml: string): Promise<string> {
  const compiled = await compileFiles([{ file: 'api.yaml', text: yaml }], null)
  expect(compiled.problems).toEqual([])
  return render(compiled, { out: join(SRC, 'generated/catalog.ts'), src: SRC })
}

describe('what is compiled in', () => {
  it.each(Object.entries(SCHEMES))(
    'the scheme %s is where it is said to be',
    async (type, scheme) => {
      const { file, name } = SCHEME_PARTS[type as keyof typeof SCHEME_PARTS]
      expect(await exported(file, name)).toBe(scheme)
    },
  )

  it.each([...BACKENDS])('so is the backend %s', async (scheme, backend) => {
    const { file, name } = BACKEND_PARTS[scheme] ?? { file: '', name: '' }
    expect(await exported(file, name)).toBe(backend)
  })

  it.each(Object.entries(PROTOCOL_PARTS))('so is the protocol %s', async (_key, { file, name }) => {
    expect(await exported(file, name)).toHaveProperty('read')
  })

  it('is what the providers need, and nothing else', async () => {
    const basic = 'auth: { type: basic_auth, username: x-access-token, password_env: P }'
    const yaml = `name: api\nbase_url: https://api.test\n${basic}\n`
    const without = await catalogOf(yaml)
    expect(without).toContain('const schemes = freeze({ "basic_auth": basicAuth })')
    expect(without).not.toMatch(/import .*protocols\/git\.ts/)
    const withGit = await catalogOf(`${yaml}git: {}\n`)
    expect(withGit).toMatch(/import { git } from "..\/protocols\/git.ts"/)
  })
})
