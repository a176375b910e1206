import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { CLIENTS } from '../../scripts/cli/clients/named.ts'
import { textOf } from '../../scripts/cli/clients/settings.ts'
import type { ClientSettings } from '../../scripts/cli/clients/settings.ts'
import { outpost } from './cli/run.ts'

const ROOT = join(import.meta.dirname, '../..')
const TOKEN = `op_${'t'.repeat(43)}`
const HERE = 'http://127.0.0.1:8788'
const OUT_THERE = 'https://outpost.example.com'

/** Nothing of an operator's: the command asks no server. */
const run = (args: readonly string[], input?: string, env: Record<string, string> = {}) =>
  outpost(['env', ...args], { env, ...(input === undefined ? {} : { input }) })

describe('outpost env', () => {
  it('prints what an agent of this machine sets', async () => {
    expect(await run(['--client', 'claude-code', '--grant', TOKEN])).toEqual({
      code: 0,
      err: '',
      out: [
        `export ANTHROPIC_BASE_URL='${HERE}/p/anthropic'`,
        `export ANTHROPIC_AUTH_TOKEN='${TOKEN}'`,
        `export ANTHROPIC_API_KEY=''`,
        '',
      ].join('\n'),
    })
  })

  it('takes the token from standard input, another provider and another address', async () => {
    const args = ['--client', 'npm', '--grant', '-', '--provider', 'npm_acme', '--url', OUT_THERE]
    const { code, out } = await run(args, `${TOKEN}\n`)
    expect(code).toBe(0)
    expect(out).toContain(`# ~/.npmrc\nregistry=${OUT_THERE}/p/npm_acme/\n`)
    expect(out).toContain('//outpost.example.com/p/npm_acme/:_authToken=${OUTPOST_TOKEN}')
    expect(out).toContain(`# In the shell:\nexport OUTPOST_TOKEN='${TOKEN}'\n`)
  })

  it('takes the address from OUTPOST_URL, and says it in JSON', async () => {
    const args = ['--client', 'codex', '--grant', TOKEN, '--json']
    const { out } = await run(args, undefined, { OUTPOST_URL: OUT_THERE })
    const said = JSON.parse(out) as { readonly parts: readonly { readonly text?: string }[] }
    expect(said).toMatchObject({ client: 'codex', url: OUT_THERE, provider: 'openai' })
    expect(said.parts[0]?.text).toContain(`base_url = "${OUT_THERE}/p/openai/v1"\n`)
  })

  it('lists the clients for one that there is not', async () => {
    const { code, out, err } = await run(['--client', 'emacs', '--grant', TOKEN])
    expect([code, out]).toEqual([2, ''])
    for (const { name } of CLIENTS) expect(err).toContain(name)
  })

  it.each([
    ['an id', 'gr_5f2a', 'the id of a grant'],
    ['what is no token, and perhaps a secret', 'sentinel-of-somebody', 'no token of a grant'],
    ['nothing', '', 'no token of a grant'],
  ])('prints nothing for %s', async (_title, grant, why) => {
    const { code, out, err } = await run(['--client', 'curl', '--grant', grant])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(why)
    expect(err).not.toContain('sentinel')
  })

  it.each([
    ['gh', HERE, 'a host name over HTTPS'],
    ['cursor', HERE, 'https:// address that the world can reach'],
    ['cursor', 'https://10.0.0.7', 'https:// address that the world can reach'],
    ['stripe', OUT_THERE, 'and nowhere else'],
    ['gemini-cli', 'http://outpost.internal:8788', 'http://'],
    ['curl', 'http://outpost.internal:8788', "would show the agent's token"],
    ['curl', `${OUT_THERE}/path`, 'ends after its host'],
  ])('says why %s cannot reach %s', async (client, url, why) => {
    const { code, out, err } = await run(['--client', client, '--grant', TOKEN, '--url', url])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(why)
  })

  it('takes no provider that would be more than a name', async () => {
    const args = ['--client', 'curl', '--grant', TOKEN, '--provider', "x'; rm -rf /; '"]
    expect(await run(args)).toMatchObject({ code: 2, out: '' })
  })
})

/** As docs/clients.md has them: one address for all, but for those that take no such. */
function printed({ settings, provider, unreachable }: ClientSettings): string {
  const url = unreachable?.(new URL(OUT_THERE)) ? HERE : OUT_THERE
  return textOf(settings({ url, provider, token: 'op_…' })).join('\n')
}

describe('docs/clients.md', () => {
  const page = readFileSync(join(ROOT, 'docs/clients.md'), 'utf8')
  const sections = new Map(
    page.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
  )

  it('has a section for each client, in the order of the table', () => {
    const titles = CLIENTS.map(({ title }) => title)
    expect([...sections.keys()].filter((title) => titles.includes(title))).toEqual(titles)
  })

  it.each(CLIENTS.map((client) => [client.name, client] as const))('%s', (_name, client) => {
    const section = sections.get(client.title) ?? ''
    const blocks = Array.from(section.matchAll(/```\w*\n([\s\S]*?)\n```/g), ([, block]) => block)
    expect(blocks).toContain(printed(client))
    for (const address of client.pages) expect(section).toContain(address)
    const words = (text: string) => text.replaceAll(/[\s`]+/g, ' ')
    expect(words(section)).toContain(words(`Tried: ${client.tried}.`))
    expect(section).toContain(`--client ${client.name}`)
  })

  it('names no test that there is not', () => {
    const files = Array.from(page.matchAll(/test\/[\w/]+\.test\.ts/g), ([file]) => file)
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) expect(readFileSync(join(ROOT, file), 'utf8')).not.toBe('')
  })
})
