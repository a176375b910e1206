import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Asking } from '../../scripts/workstation/ask.ts'
import { answersTo, standIns } from './stand-ins.ts'
import type { StandIns } from './stand-ins.ts'

const SECRET = 'sentinel-4711-of-a-store'

let base = ''
let stand: StandIns

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'outpost-stores-'))
  stand = standIns(join(base, 'bin'))
})

afterEach(() => rmSync(base, { recursive: true }))

function asked(texts: readonly string[], asking: Partial<Asking> = {}): Promise<string[]> {
  return answersTo(texts, { env: { PATH: stand.path }, ...asking })
}

async function one(text: string, asking: Partial<Asking> = {}): Promise<string> {
  const [answer = ''] = await asked([text], asking)
  return answer
}

describe('what a store prints', () => {
  it.each([
    ['without a line end', `printf ${SECRET}`],
    ['with one', `echo ${SECRET}`],
    ['with that of Windows', `printf '${SECRET}\\r\\n'`],
    ['with something said beside it', `echo ${SECRET}; echo "A new version is there" >&2`],
    ['while something that it started goes on', `sleep 20 & echo ${SECRET}`],
  ])('is the secret, %s', async (_how, body) => {
    stand.add('op', body)
    expect(await one('op://a/b/c')).toBe(SECRET)
  })

  it('is the first line of an entry of pass', async () => {
    stand.add('pass', `printf '${SECRET}\\nuser: me\\n'`)
    expect(await one('pass://api/x')).toBe(SECRET)
  })

  const PEM = '-----BEGIN RSA PRIVATE KEY-----\nc2VudGluZWw=\n-----END RSA PRIVATE KEY-----'
  const FILE = JSON.stringify({ type: 'service_account', private_key: PEM }, null, 2)
  it.each([
    ['op://a/b/c', 'op', PEM, 'cat FILE'],
    ['op://a/b/c', 'op', FILE, 'cat FILE'],
    ['pass://api/x', 'pass', PEM, 'cat FILE'],
    ['keychain://a', 'security', PEM, "od -An -tx1 FILE | tr -d ' \\n'"],
    ['keychain://a', 'security', FILE, "od -An -tx1 FILE | tr -d ' \\n'"],
  ])('of %s is a private key, however many lines it has', async (text, executable, key, print) => {
    const file = join(base, 'key')
    writeFileSync(file, `${key}\n`)
    stand.add(executable, print.replace('FILE', `'${file}'`))
    expect(await one(text)).toBe(key)
  })

  it('of pass is the first line where a key stands further below', async () => {
    stand.add('pass', `printf '${SECRET}\n-----BEGIN PRIVATE KEY-----\n'`)
    expect(await one('pass://api/x')).toBe(SECRET)
  })

  it.each([
    ['op://a/b/c', 'op', 'nothing', ':', 'it is empty, or 1Password has no such item'],
    ['op://a/b/c', 'op', 'a line end', 'echo', 'it is empty'],
    ['op://a/b/c', 'op', 'blanks', "printf '  \\n'", 'it is empty'],
    ['op://a/b/c', 'op', 'two lines', `printf '${SECRET}\\nb\\n'`, 'it has a second line'],
    ['op://a/b/c', 'op', 'two line ends', `printf '${SECRET}\\n\\n'`, 'it has a second line'],
    ['op://a/b/c', 'op', 'a NUL', `printf '${SECRET}\\000b'`, 'or a control character'],
    ['op://a/b/c', 'op', 'a tab', `printf '${SECRET}\\tb'`, 'or a control character'],
    ['op://a/b/c', 'op', 'a BOM', `printf '\\357\\273\\277${SECRET}'`, 'or a control character'],
    ['op://a/b/c', 'op', 'what is not UTF-8', `printf '${SECRET}\\377'`, 'it is not UTF-8 text'],
    [
      'op://a/b/c',
      'op',
      'more than a key',
      'yes sentinel-4711 | head -c 70000',
      'it is longer than 64 KiB',
    ],
    ['op://a/b/c', 'op', 'no end', 'yes sentinel-4711', 'it is longer than 64 KiB'],
    ['pass://api', 'pass', 'a folder', "printf 'api\\n|-- x\\n'", 'that is a folder'],
    [
      'keychain://a',
      'security',
      'the hex of two lines',
      `printf '${SECRET}\\n' | od -An -tx1 | tr -d ' \\n'; echo`,
      'it has a line break, or a character that is not ASCII',
    ],
    ['keychain://a', 'security', 'the hex of an umlaut', 'echo 73c3bc73', 'it has a line break'],
    ['infisical://a/b/C', 'infisical', 'no such name', "echo '*not found*'", 'it is empty, or'],
  ])('%s: %s prints %s', async (text, executable, _what, body, sentence) => {
    stand.add(executable, body)
    const said = await one(text)
    expect(said).toContain(`why: ${text}: `)
    expect(said).toContain(sentence)
    expect(said).not.toContain('sentinel')
  })

  it.each(['0123456789abcdef0123456789abcdef', 'deadbeef', '73656e74696e656c'])(
    'is a key that is hexadecimal itself: %s',
    async (key) => {
      stand.add('security', `echo ${key}`)
      expect(await one('keychain://a')).toBe(key)
    },
  )
})

describe('a store that refuses', () => {
  it.each([
    ['op://a/b/c', 'op', 1, '[ERROR] 2026/01/01 account is not signed in', 'run `op signin`'],
    [
      'op://a/b/c',
      'op',
      1,
      '[ERROR] authorization prompt dismissed, please try again',
      '`op signin`',
    ],
    [
      'op://a/b/c',
      'op',
      1,
      `[ERROR] "b" isn't an item in the "a" vault`,
      '1Password has no such item',
    ],
    [
      'op://a/b/c',
      'op',
      6,
      'something else',
      '`op` failed (exit code 6): `op read --no-newline op://a/b/c | wc -c` in a terminal says why',
    ],
    ['keychain://a/b', 'security', 44, 'SecKeychainSearchCopyNext: …', 'has no such item'],
    ['keychain://a/b', 'security', 36, 'User interaction is not allowed.', 'unlock the keychain'],
    ['keychain://a/b', 'security', 51, '', 'unlock the keychain'],
    ['keychain://a/b', 'security', 128, '', 'and allow the access'],
    ['keychain://a/b', 'security', 2, '', '`security` failed (exit code 2)'],
    [
      'secret-tool://a=b',
      'secret-tool',
      1,
      'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY',
      'unlock the keyring',
    ],
    ['secret-tool://a=b', 'secret-tool', 1, 'secret-tool: strange', '(exit code 1)'],
    ['pass://a', 'pass', 1, 'Error: a is not in the password store.', 'pass has no such item'],
    ['pass://a', 'pass', 2, 'gpg: decryption failed: No secret key', 'see that gpg can ask you'],
    ['infisical://a/b/C', 'infisical', 1, 'Your login session has expired', '`infisical login`'],
    ['infisical://a/b/C', 'infisical', 1, 'error: strange', '`infisical` failed (exit code 1)'],
    ['doppler://a/b/C', 'doppler', 1, 'Doppler Error: you must provide a token', '`doppler login`'],
    [
      'doppler://a/b/C',
      'doppler',
      1,
      'Doppler Error: Could not find requested secret: C',
      'no such item',
    ],
  ])('%s: %s ends with %i, saying %j', async (text, executable, code, words, sentence) => {
    writeFileSync(join(base, 'words'), `${words}\n`)
    // The worst of them: it prints the secret in both places.
    stand.add(executable, `cat '${base}/words' >&2; echo ${SECRET} | tee /dev/stderr; exit ${code}`)
    const said = await one(text)
    expect(said).toContain(`why: ${text}: `)
    expect(said).toContain(sentence)
    expect(said).not.toContain('sentinel')
    expect(said).not.toContain('\n')
  })

  it('has no such item, when it is secret-tool and has nothing to say', async () => {
    stand.add('secret-tool', 'exit 1')
    expect(await one('secret-tool://a=b')).toContain('Secret Service has no such item')
  })

  it('says which executable is not there', async () => {
    expect(await one('doppler://a/b/C')).toBe(
      'why: doppler://a/b/C: `doppler` is not on PATH: install it (https://docs.doppler.com/docs/install-cli)',
    )
  })

  it('says which cannot be run', async () => {
    stand.add('op', '')
    writeFileSync(join(stand.folder, 'op'), '#!/does/not/exist\n')
    expect(await one('op://a/b/c')).toContain('`op` cannot be run')
  })

  it('says which was killed', async () => {
    stand.add('op', 'kill -9 $$')
    expect(await one('op://a/b/c')).toContain('`op` failed (killed)')
  })

  it('is given up when it says nothing', { timeout: 10_000 }, async () => {
    stand.add('op', 'sleep 30')
    const said = await asked(['op://a/b/c', 'op://a/b/d'], { timeoutMs: 300 })
    expect(said).toEqual([
      expect.stringContaining('op://a/b/c: 1Password did not answer in time'),
      expect.stringContaining('op://a/b/d: 1Password did not answer in time'),
    ])
    expect(stand.runs()).toHaveLength(1)
  })
})
