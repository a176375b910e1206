import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { render } from '../../scripts/catalog/render.ts'
import { compileFiles, compileProject } from '../../scripts/compile.ts'
import type { Catalog } from '../../src/catalog.ts'
import { PLUGINS } from './compiled.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const ONE = 'name: one\nbase_url: https://one.test\nauth: { type: bearer_static, env: ONE_KEY }\n'
const TWO = 'name: Two\nbase_url: https://two.test\nauth: none\n'
const OFF =
  'name: off\nbase_url: https://off.test\nenabled: no\n' +
  'auth: { type: plugin, module_ts: "plugins/ghost_admin.ts:GhostAdminAuth", config: { key_env: OFF_KEY } }\n'
const PLUGGED =
  'name: ghost\nbase_url: https://ghost.test\n' +
  'auth: { type: plugin, module_ts: "plugins/ghost_admin.ts:GhostAdminAuth", config: { key_env: GHOST_KEY } }\n'
const HOSTS = 'hosts:\n  - { id: a, cidrs: [127.0.0.1], auth_token_env: A_KEY }\n'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outpost-compile-'))
})

afterEach(() => rm(root, { recursive: true }))

/** A project on disk: `providers/…` and `hosts.yaml` by name. */
async function project(files: Readonly<Record<string, string>>): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(root, 'providers'), { recursive: true })
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(root, name), text)))
}

const OUT = 'src/generated/catalog.ts'

function generated(): Promise<string> {
  return readFile(join(root, OUT), 'utf8')
}

interface Generated {
  readonly CATALOG: Catalog
  readonly SECRET_NAMES: readonly string[]
}

async function imported(): Promise<Generated> {
  return (await import(pathToFileURL(join(root, OUT)).href)) as Generated
}

it('writes a module with the enabled providers by name, the hosts and the names of secrets', async () => {
  await project({
    'providers/b.yml': ONE,
    'providers/a.yaml': TWO,
    'providers/c.yaml': OFF,
    'providers/d.yaml': PLUGGED,
    'providers/note.txt': 'not: [read',
    'providers/.hidden.yaml': 'not: [read',
    'hosts.yaml': HOSTS,
  })
  const { problems, warnings, written } = await compileProject({ root })
  expect({ problems, warnings, written }).toEqual({ problems: [], warnings: [], written: true })
  const { CATALOG, SECRET_NAMES } = await imported()
  expect([...CATALOG.providers.keys()]).toEqual(['ghost', 'one', 'two'])
  expect(CATALOG.providers.get('two')?.base_url).toBe('https://two.test')
  expect(CATALOG.providers.get('constructor')).toBeUndefined()
  expect(CATALOG.hosts.map(({ id }) => id)).toEqual(['a'])
  expect([...CATALOG.plugins.keys()]).toEqual(['plugins/ghost_admin.ts:GhostAdminAuth'])
  expect(SECRET_NAMES).toEqual(['A_KEY', 'GHOST_KEY', 'ONE_KEY'])
})

it('writes a module that is frozen through and through', async () => {
  await project({ 'providers/a.yaml': ONE, 'hosts.yaml': HOSTS })
  await compileProject({ root })
  const { CATALOG, SECRET_NAMES } = await imported()
  const thawed: string[] = []
  const walk = (found: unknown, path: string): void => {
    if (typeof found !== 'object' || found === null) return
    if (!Object.isFrozen(found)) thawed.push(path)
    for (const [key, each] of found instanceof Map ? found : Object.entries(found)) {
      walk(each, `${path}.${String(key)}`)
    }
  }
  walk({ CATALOG, SECRET_NAMES }, '')
  expect(thawed).toEqual([''])
})

it('writes a module that the type checker accepts', { timeout: 60_000 }, async () => {
  await project({ 'providers/a.yaml': ONE, 'providers/b.yaml': PLUGGED, 'hosts.yaml': HOSTS })
  await compileProject({ root })
  const types = join(ROOT, 'node_modules/@cloudflare/workers-types')
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { types: [types] } }
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ ...config, include: [OUT] }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const check = () =>
    run(process.execPath, [tsc, '-p', root]).then(
      () => 'right',
      () => 'wrong',
    )
  expect(await check()).toBe('right')
  await writeFile(join(root, OUT), (await generated()).replace('"transparent"', '"opaque"'))
  expect(await check()).toBe('wrong')
})

it('imports only the plugins of enabled providers, from wherever the module stands', async () => {
  const signs = 'auth: { type: plugin, module_ts: "plugins/signs.ts:Signs" }\n'
  const files = [
    { file: 'a.yaml', text: `name: a\nbase_url: https://a.test\n${signs}` },
    { file: 'b.yaml', text: `name: b\nbase_url: https://b.test\n${signs}` },
  ]
  const text = async (disabled: string): Promise<string> =>
    render(
      await compileFiles(
        files.map((each) => ({ ...each, text: each.text + disabled })),
        null,
        { plugins: PLUGINS },
      ),
      { out: join(ROOT, 'deep/er/catalog.ts'), src: join(ROOT, 'src') },
    )
  const enabled = await text('')
  expect(enabled).toContain('from "../../src/catalog.ts"')
  expect(enabled.match(/^import \{ Signs as plugin0 \} from ".*"$/gm)).toEqual([
    'import { Signs as plugin0 } from "../../test/build/fixtures/plugins/signs.ts"',
  ])
  expect(await text('enabled: false\n')).not.toContain('Signs')
})

it('says the same twice, in whatever order it is given the files', async () => {
  const files = [ONE, TWO, PLUGGED].map((text, index) => ({ file: `${index}.yaml`, text }))
  const place = { out: join(ROOT, OUT), src: join(ROOT, 'src') }
  const first = render(await compileFiles(files, null), place)
  expect(render(await compileFiles(files.toReversed(), null), place)).toBe(first)
})

it('writes only what is new', async () => {
  await project({ 'providers/a.yaml': ONE, 'hosts.yaml': HOSTS })
  await compileProject({ root })
  const long = new Date('2001-01-01')
  await utimes(join(root, OUT), long, long)
  await project({ 'providers/a.yaml': `# a comment\n${ONE}` })
  expect(await compileProject({ root })).toMatchObject({ written: false })
  expect((await stat(join(root, OUT))).mtime).toEqual(long)
  await project({ 'providers/b.yaml': TWO })
  expect(await compileProject({ root })).toMatchObject({ written: true })
  expect(await readdir(dirname(join(root, OUT)))).toEqual(['catalog.ts', 'openapi.ts'])
})

it('leaves the module alone when anything is wrong, and names every file', async () => {
  await project({ 'providers/a.yaml': ONE, 'hosts.yaml': HOSTS })
  await compileProject({ root })
  const before = await generated()
  await project({
    'providers/a.yaml': ONE.replace('env:', 'evn:'),
    'providers/b.yaml': 'name: [',
    'providers/c.yaml': TWO.replace('https', 'ftp'),
    'hosts.yaml': 'hosts: [{ id: a, cidrs: [x] }]\n',
  })
  const { problems, written } = await compileProject({ root })
  expect(problems.map(({ file, path }) => [file, path])).toEqual([
    ['hosts.yaml', 'hosts[0].cidrs[0]'],
    ['providers/a.yaml', 'auth.evn'],
    ['providers/b.yaml', ''],
    ['providers/c.yaml', 'base_url'],
  ])
  expect(written).toBe(false)
  expect(await generated()).toBe(before)
})

it.each([
  [
    'two enabled files have one name',
    '',
    ['providers/b.yaml:1:7  name: "one" is already the name in providers/a.yaml:1'],
  ],
  ['one of them is disabled', 'enabled: false\n', []],
])('minds names when %s', async (_what, more, expected) => {
  await project({ 'providers/a.yaml': ONE, 'providers/b.yaml': ONE.replace('one', 'ONE') + more })
  const { problems } = await compileProject({ root })
  expect(
    problems.map(
      (each) => `${each.file}:${each.line}:${each.column}  ${each.path}: ${each.message}`,
    ),
  ).toEqual(expected)
})

it('compiles without hosts.yaml, and warns that nobody can call', async () => {
  await project({ 'providers/a.yaml': ONE })
  const { problems, warnings } = await compileProject({ root })
  expect(problems).toEqual([])
  expect(warnings.map(({ message }) => message)).toEqual(['no host: nobody can call anything'])
})

it('fails when a folder or a file that was named is not there', async () => {
  await expect(compileProject({ root })).rejects.toThrow('providers')
  await project({ 'providers/a.yaml': ONE })
  await expect(compileProject({ root, hostsFile: 'none.yaml' })).rejects.toThrow('none.yaml')
})

/** What a script prints, and its exit code. */
async function script(name: string, args: readonly string[]) {
  const file = join(ROOT, 'scripts', name)
  return run(process.execPath, [file, ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: root },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  )
}

const FLAGS = ['--providers', 'providers', '--hosts', 'hosts.yaml', '--out', 'out/catalog.ts']

it('is a command that exits with 1 and prints each problem on a line', async () => {
  await project({ 'providers/a.yaml': `${ONE}deny: [/a]\n`, 'hosts.yaml': 'hosts: []\n' })
  const bad = await script('compile.ts', FLAGS)
  expect(bad).toMatchObject({ code: 1, stdout: '' })
  expect(bad.stderr.split('\n')).toEqual([
    expect.stringMatching(
      /^warning: .*hosts\.yaml:1:8 {2}hosts: no host: nobody can call anything$/,
    ),
    expect.stringMatching(
      /providers\/a\.yaml:4:1 {2}deny: unknown key here; it belongs under "forwarding"$/,
    ),
    '',
  ])
  await project({ 'providers/a.yaml': ONE, 'hosts.yaml': HOSTS })
  expect(await script('compile.ts', FLAGS)).toEqual({
    code: 0,
    stdout: 'compiled 1 provider file, 1 enabled, and 1 host\n',
    stderr: '',
  })
  expect(await readFile(join(root, 'out/catalog.ts'), 'utf8')).toContain('https://one.test')
})

it('refuses a flag that does not exist', async () => {
  expect(await script('compile.ts', ['--provider', 'x'])).toMatchObject({ code: 1 })
})

it('validates files outside the project, and sums them up', async () => {
  await project({
    'a.yaml': `${ONE}enabled: false\nforwarding:\n  mode: allowlist\n  allow: [{ method: GET, path: /a }]\n  deny: [/b]\n`,
  })
  const { code, stdout } = await script('validate.ts', ['a.yaml'])
  expect(code).toBe(0)
  expect(stdout.split('\n')).toEqual([
    `one (disabled)  ${join(root, 'a.yaml')}`,
    '  base_url  https://one.test',
    '  mode      allowlist, 1 allow, 1 deny',
    '  limits    default 50 per 1 s and 500 per 60 s',
    '  auth      bearer_static',
    '  secrets   ONE_KEY',
    '',
    '1 file, 0 errors',
    '',
  ])
})

it('sums up an alias with what it inherits, and tells what is wrong with that', async () => {
  const alias = 'name: acme\nextends: groww\ntenant: acme\n'
  await project({ 'acme.yaml': `${alias}auth: { type: bearer_static, env: ACME_KEY }\n` })
  const good = await script('validate.ts', ['acme.yaml'])
  expect(good).toMatchObject({ code: 0, stderr: '' })
  expect(good.stdout.split('\n').filter((line) => !/mode|limits/.test(line))).toEqual([
    `acme (enabled)  ${join(root, 'acme.yaml')}`,
    '  alias_of  groww',
    '  tenant    acme',
    '  base_url  https://api.groww.in',
    '  auth      bearer_static',
    '  secrets   ACME_KEY',
    '',
    '1 file, 0 errors',
    '',
  ])
  const clash = 'auth: { type: api_key_header, env: ACME_KEY, header: X-API-Version }\n'
  await project({ 'acme.yaml': alias + clash })
  const bad = await script('validate.ts', ['acme.yaml'])
  expect(bad).toMatchObject({ code: 1 })
  expect(bad.stderr).toMatch(
    /^providers\/groww.yaml:\d+:3 {2}default_headers.X-API-VERSION: this header .* \(inherited by \S*acme\.yaml\)\n$/,
  )
})

/** `demo` is the one that is enabled in this repository. */
it('minds the names of the other files when it validates one', async () => {
  await project({ 'a.yaml': ONE.replace('one', 'Demo'), 'demo.yaml': ONE.replace('one', 'demo') })
  const { code, stderr } = await script('validate.ts', ['a.yaml'])
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /a\.yaml:1:7 {2}name: "demo" is already the name in providers\/demo.yaml:\d+\n$/,
  )
  expect(await script('validate.ts', ['demo.yaml'])).toMatchObject({ code: 0, stderr: '' })
})

it('validates hosts.yaml alone', async () => {
  await project({ 'hosts.yaml': HOSTS })
  expect(await script('validate.ts', ['hosts.yaml'])).toEqual({
    code: 0,
    stdout: `${join(root, 'hosts.yaml')}: 1 host, ok\n\n1 file, 0 errors\n`,
    stderr: '',
  })
})

it('validates workstation.yaml alone, and asks no store', async () => {
  await project({ 'workstation.yaml': 'A: op://v/i/f\nB: pass://b\n' })
  expect(await script('validate.ts', ['workstation.yaml'])).toEqual({
    code: 0,
    stdout: `${join(root, 'workstation.yaml')}: 2 references, ok\n\n1 file, 0 errors\n`,
    stderr: '',
  })
  await project({ 'workstation.yaml': 'A: sentinel\n' })
  const { code, stdout, stderr } = await script('validate.ts', ['workstation.yaml'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '\n1 file, 1 error\n' })
  expect(stderr).toMatch(/workstation\.yaml:1:4 {2}A: expected a reference, which begins with op:/)
  expect(stderr).not.toContain('sentinel')
})

it('validates everything, enabled providers first, and counts', async () => {
  const { code, stdout, stderr } = await script('validate.ts', [])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const heads = stdout.match(/\((?:en|dis)abled\)/g) ?? []
  expect(heads).toEqual(heads.toSorted().toReversed())
  expect(heads[0]).toBe('(enabled)')
  expect(stdout).toMatch(
    new RegExp(`\\n\\nhosts.yaml: 1 host, ok\\n\\n${heads.length + 1} files, 0 errors\\n$`),
  )
})

it.each([
  ['a file that is not there', ['none.yaml'], /^there is no file \S*none\.yaml\n$/],
  ['a flag that does not exist', ['--all'], /^Unknown option '--all'[^]*\n\nUsage: /],
])('does not validate %s: exit code 2', async (_what, args, message) => {
  const { code, stdout, stderr } = await script('validate.ts', args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(message)
})

it('says how to validate', async () => {
  expect(await script('validate.ts', ['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Usage: npm run validate \[FILE…\]\n/),
  })
})

it('validates with exit code 1 what is not valid', async () => {
  await project({
    'a.yaml': ONE,
    'b.yaml': TWO.replace('name', 'nmae'),
    'hosts.yaml': 'hosts: 5\n',
  })
  const { code, stdout, stderr } = await script('validate.ts', ['a.yaml', 'b.yaml', 'hosts.yaml'])
  expect(code).toBe(1)
  expect(stdout).toContain('one (enabled)')
  expect(stderr).toContain('b.yaml:1:1  nmae: unknown key; did you mean "name"?')
  expect(stderr).toContain('hosts.yaml:1:8  hosts: expected a list, found a number')
  expect(stdout).toMatch(/\n\n3 files, \d+ errors\n$/)
})

it('compiles what this repository ships', async () => {
  const out = join(root, OUT)
  const { problems, warnings, checked } = await compileProject({ root: ROOT, out })
  expect(problems).toEqual([])
  expect(warnings).toEqual([])
  expect(checked.length).toBeGreaterThan(0)
})
