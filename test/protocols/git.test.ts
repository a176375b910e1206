import { describe, expect, it } from 'vitest'

import type { Call } from '../../src/call.ts'
import { Unreadable } from '../../src/content/content.ts'
import { git } from '../../src/protocols/git.ts'
import { commandsIn } from '../../src/protocols/git_commands.ts'
import type { GitRules } from '../../src/protocols/git_refs.ts'
import { isGitClient } from '../../src/protocols/git_request.ts'
import { hasFlush } from '../../src/protocols/pkt_line.ts'
import { aCall } from '../builders.ts'

const OLD = '1'.repeat(40)
const NEW = '2'.repeat(40)
const ZERO = '0'.repeat(40)
const FLUSH = '0000'
const CAPS = '\0 report-status-v2 side-band-64k object-format=sha1 agent=git/2.39.5'

function pkt(text: string): string {
  const { length } = new TextEncoder().encode(text)
  return (length + 4).toString(16).padStart(4, '0') + text
}

function push(ref: string, from = OLD, to = NEW): string {
  return pkt(`${from} ${to} ${ref}${CAPS}`) + FLUSH
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const CERTIFICATE = [
  'certificate version 0.1\n',
  'pusher Ann <ann@example.com> 1700000000 +0000\n',
  'pushee https://example.com/x.git\n',
  'nonce 1700000000-abc\n',
  'push-option ci.skip\n',
  '\n',
]
const SIGNED = ['-----BEGIN PGP SIGNATURE-----\n', 'iQ==\n', '-----END PGP SIGNATURE-----\n']

function certificate(...commands: readonly string[]): string {
  const lines = [...CERTIFICATE, ...commands, ...SIGNED, 'push-cert-end\n']
  return pkt(`push-cert${CAPS}\n`) + lines.map((line) => pkt(line)).join('') + FLUSH
}

describe('the commands of a push', () => {
  it.each<[string, string, readonly string[]]>([
    ['an update', push('refs/heads/x'), ['refs/heads/x']],
    ['behind it, a pack', `${push('refs/heads/x')}PACK\0\0\0\x02`, ['refs/heads/x']],
    ['behind it, options', `${push('refs/heads/x')}${pkt('ci.skip')}${FLUSH}`, ['refs/heads/x']],
    ['a creation', push('refs/tags/v1', ZERO), ['refs/tags/v1']],
    ['a deletion', push('refs/heads/x', OLD, ZERO), [':refs/heads/x']],
    [
      'several, with final newlines',
      pkt(`${OLD} ${NEW} refs/heads/a${CAPS}\n`) +
        pkt(`${OLD} ${NEW} refs/heads/b\n`) +
        pkt(`${OLD} ${ZERO} refs/heads/c`) +
        FLUSH,
      ['refs/heads/a', 'refs/heads/b', ':refs/heads/c'],
    ],
    ['without capabilities', pkt(`${OLD} ${NEW} refs/heads/a\n`) + FLUSH, ['refs/heads/a']],
    [
      'from a shallow clone',
      pkt(`shallow ${OLD}`) + pkt(`shallow ${NEW}\n`) + push('refs/heads/x'),
      ['refs/heads/x'],
    ],
    ['SHA-256', push('refs/heads/x', '3'.repeat(64), '4'.repeat(64)), ['refs/heads/x']],
    ['signed', certificate(`${OLD} ${NEW} refs/heads/x\n`), ['refs/heads/x']],
    [
      'signed, of several',
      certificate(`${OLD} ${NEW} refs/heads/x\n`, `${OLD} ${ZERO} refs/heads/y\n`),
      ['refs/heads/x', ':refs/heads/y'],
    ],
    ['a name in any script', push('refs/heads/größe/日本'), ['refs/heads/größe/日本']],
    ['the flush that tries credentials', FLUSH, []],
  ])('%s', (_what, text, expected) => {
    const found = commandsIn(bytes(text)).map(({ ref, deletes }) => (deletes ? `:${ref}` : ref))
    expect(found).toEqual(expected)
  })

  const command = `${OLD} ${NEW} refs/heads/x`
  it.each([
    ['nothing', ''],
    ['no flush', pkt(command)],
    ['half a length', '00'],
    ['half a line', push('refs/heads/x').slice(0, 40)],
    ['a delimiter for a flush', `${pkt(command)}0001${pkt(command)}${FLUSH}`],
    ['the end of a response for a flush', `${pkt(command)}0002`],
    ['a length of 3', `0003${FLUSH}`],
    ['an empty line', `0004${FLUSH}`],
    ['a length with a sign', `+04c${pkt(command).slice(4)}${FLUSH}`],
    ['a length with a blank', ` 4c0${pkt(command).slice(4)}${FLUSH}`],
    ['a length that is none', `zzzz${FLUSH}`],
    ['a line over the limit', `fff1${'x'.repeat(0xff_ed)}${FLUSH}`],
    ['lengths that hide a command', `${pkt(`${command}${CAPS}`).replace(/^..../, '0060')}${FLUSH}`],
    ['only shallow lines', pkt(`shallow ${OLD}`) + FLUSH],
    ['a shallow line behind a command', pkt(command) + pkt(`shallow ${OLD}`) + FLUSH],
    ['a shallow line with more', pkt(`shallow ${OLD} x`) + push('refs/heads/x')],
    ['an error', pkt('ERR no') + FLUSH],
    ['two blanks', pkt(`${OLD}  ${NEW} refs/heads/x`) + FLUSH],
    ['a tab', pkt(`${OLD}\t${NEW} refs/heads/x`) + FLUSH],
    ['a short id', pkt(`${OLD.slice(1)} ${NEW} refs/heads/x`) + FLUSH],
    ['ids of two lengths', push('refs/heads/x', OLD, '2'.repeat(64))],
    [
      'commands of two lengths',
      push('refs/heads/x').slice(0, -4) + push('refs/heads/y', '3'.repeat(64), '4'.repeat(64)),
    ],
    ['shallow of another length', pkt(`shallow ${'3'.repeat(64)}`) + push('refs/heads/x')],
    [
      'capabilities in a second line',
      pkt(command) + pkt(`${OLD} ${NEW} refs/heads/y${CAPS}`) + FLUSH,
    ],
    ['two zero bytes', pkt(`${command}\0a\0b`) + FLUSH],
    ['a newline in front of the capabilities', pkt(`${command}\n${CAPS}`) + FLUSH],
    ['two newlines', pkt(`${command}\n\n`) + FLUSH],
    ['no name', pkt(`${OLD} ${NEW} `) + FLUSH],
    [
      'signed, and a command beside it',
      certificate(`${command}\n`).slice(0, -4) + pkt(command) + FLUSH,
    ],
    ['a command, then signed', pkt(command) + certificate(`${command}\n`)],
    ['signed, without an end', certificate(`${command}\n`).replace('0012push-cert-end\n', '')],
    ['two ends', certificate(`${command}\n`).slice(0, -4) + pkt('push-cert-end\n') + FLUSH],
    ['two signatures', certificate(`${command}\n`, ...SIGNED, `${command}2\n`)],
    ['signed, two lines in one', certificate(`${command}\n${command}2\n`)],
    ['signed, a line without its newline', certificate(command)],
    [
      'signed, a header of its own',
      pkt(`push-cert${CAPS}\n`) +
        [`${command}\n`, ...CERTIFICATE, `${command}2\n`, ...SIGNED, 'push-cert-end\n']
          .map((line) => pkt(line))
          .join('') +
        FLUSH,
    ],
    [
      'signed, no signature',
      pkt('push-cert\0x\n') +
        [...CERTIFICATE, `${command}\n`, 'push-cert-end\n'].map((line) => pkt(line)).join('') +
        FLUSH,
    ],
    ['a command signed as nothing', certificate('\n')],
  ])('refused: %s', (_what, text) => {
    expect(() => commandsIn(bytes(text))).toThrow(Unreadable)
  })

  it('refused: not UTF-8', () => {
    const text = bytes(push('refs/heads/x!'))
    expect(() => commandsIn(text.with(text.indexOf(0x21), 0xff))).toThrow(Unreadable)
  })

  it.each([
    'refs',
    'refs/',
    'heads/main',
    'HEAD',
    'refs//heads/main',
    'refs/heads/main/',
    'refs/heads/main.',
    'refs/heads/.main',
    'refs/heads/main.lock',
    'refs/heads/main.lock/x',
    'refs/heads/../heads/main',
    'refs/heads/ma in',
    'refs/heads/ma\tin',
    'refs/heads/ma\x7fin',
    'refs/heads/main~1',
    'refs/heads/main^',
    'refs/heads/ma:in',
    'refs/heads/ma?n',
    'refs/heads/*',
    'refs/heads/[main',
    'refs/heads\\main',
    'refs/heads/@{main',
  ])('no ref: %j', (ref) => {
    expect(() => commandsIn(bytes(push(ref)))).toThrow(Unreadable)
  })
})

describe('how much has to be read', () => {
  it('all lines up to the flush, however it is cut', () => {
    const text = bytes(`${push('refs/heads/x').slice(0, -4)}${push('refs/heads/y')}PACK`)
    const needed = text.length - 'PACK'.length
    for (let size = 0; size <= text.length; size += 1) {
      expect(hasFlush(text.subarray(0, size)), `${size} bytes`).toBe(size >= needed)
    }
  })

  it.each(['zzzz', '0003', '0001'])('no more where it cannot be read: %s', (text) => {
    expect(hasFlush(bytes(text))).toBe(true)
  })
})

const RULES: GitRules = { deny_push: [], allow_push: null, sensitive: true }

function call(method: string, path: string, headers: Record<string, string> = {}): Call {
  const [plain = '', query] = path.split('?')
  const asked = aCall('GET', '/', '')
  const request = new Request('https://proxy.test/', { method, headers })
  return { ...asked, method, path: plain, query: query === undefined ? '' : `?${query}`, request }
}

const PUSH = { 'content-type': 'application/x-git-receive-pack-request' }
const FETCH = { 'content-type': 'application/x-git-upload-pack-request' }

describe('what git asks for', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['GET', '/o/r.git/info/refs?service=git-upload-pack', {}, 'nothing git fetch'],
    ['HEAD', '/o/r.git/info/refs?service=git-upload-pack', {}, 'nothing git fetch'],
    ['GET', '/o/r.git/info/refs?service=git-receive-pack', {}, 'nothing git push, sensitive'],
    ['HEAD', '/o/r.git/info/refs?service=git-receive-pack', {}, 'nothing git push, sensitive'],
    ['POST', '/o/r.git/git-upload-pack', FETCH, 'nothing git fetch'],
    ['POST', '/git-upload-pack', { ...FETCH, 'content-encoding': 'gzip' }, 'nothing git fetch'],
    ['POST', '/o/r.git/git-receive-pack', PUSH, 'head git push refs/heads/x, sensitive'],
    ['GET', '/o/r.git/info/refs', {}, 'none'],
    ['GET', '/o/r.git/HEAD', {}, 'none'],
    ['GET', '/o/r.git/objects/info/packs', {}, 'none'],
    ['GET', '/o/r/blob/main/git-receive-pack', {}, 'none'],
    ['POST', '/o/r.git/info/refs?service=git-receive-pack', {}, 'none'],
    ['POST', '/o/r.git/info/lfs/objects/batch', {}, 'none'],
    ['POST', '/o/r.git/not-git-receive-pack', {}, 'none'],
  ])('%s %s %j: %s', (method, path, headers, expected) => {
    const asked = call(method, path, headers)
    const wanted = git.wants(asked, RULES)
    if (wanted === null) return expect('none').toBe(expected)
    const content = wanted === 'head' ? { bytes: bytes(push('refs/heads/x')), whole: false } : null
    const { name, ruling } = git.read(asked, RULES, content)
    const sensitive = ruling?.is === 'allow' && ruling.sensitive ? ', sensitive' : ''
    return expect(`${wanted} ${name}${sensitive}`).toBe(expected)
  })

  it.each<[string, string, Record<string, string>]>([
    ['GET', '/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack', {}],
    ['GET', '/o/r.git/info/refs?service=git-receive-pack&x=1', {}],
    ['GET', '/o/r.git/info/refs?Service=git-receive-pack', {}],
    ['GET', '/o/r.git/info/refs?service=git%2Dreceive-pack', {}],
    ['GET', '/o/r.git/info/refs?%73ervice=git-receive-pack', {}],
    ['GET', '/o/r.git/info/refs?service[]=git-receive-pack', {}],
    ['GET', '/o/r.git/info/refs?service=git-upload-archive', {}],
    ['GET', '/o/r.git/info/refs?service=', {}],
    ['GET', '/o/r.git/Info/Refs?service=git-receive-pack', {}],
    ['GET', '/o/r.git/info/refs/?service=git-receive-pack', {}],
    ['GET', '/o/r.git/info//refs?service=git-receive-pack', {}],
    ['GET', '/o/r.git/info%2Frefs?service=git-receive-pack', {}],
    ['POST', '/o/r.git/git-receive-pack?service=git-upload-pack', PUSH],
    ['POST', '/o/r.git/git-upload-pack?service=git-receive-pack', FETCH],
    ['POST', '/files/git-upload-pack?branch=main&content=x', FETCH],
    ['POST', '/o/r.git/git-upload-pack?', FETCH],
    ['POST', '/o/r.git/Git-Receive-Pack', PUSH],
    ['POST', '/o/r.git/git-receive-pack/', PUSH],
    ['POST', '/o/r.git/git-receive%2Dpack', PUSH],
    ['POST', '/o/r.git%2Fgit-receive-pack', PUSH],
    ['POST', '/o/r.git/git-receive-pack;x', PUSH],
    ['POST', '/o/r.git/git-receive-pack%3Fx', PUSH],
    ['POST', '/o/r.git/git-upload-pack/', FETCH],
    ['PUT', '/o/r.git/git-receive-pack', PUSH],
    ['POST', '/o/r.git/git-receive-pack', {}],
    ['POST', '/o/r.git/git-receive-pack', FETCH],
    ['POST', '/o/r.git/git-receive-pack', { 'content-type': `${PUSH['content-type']}; a=b` }],
    ['POST', '/o/r.git/git-receive-pack', { ...PUSH, 'content-encoding': 'gzip' }],
    ['POST', '/o/r.git/git-receive-pack', { ...PUSH, 'content-encoding': 'identity' }],
    ['POST', '/o/r.git/git-upload-pack', PUSH],
    ['POST', '/o/r.git/git-upload-pack', {}],
  ])('refused before a byte is read: %s %s %j', (method, path, headers) => {
    const asked = call(method, path, headers)
    expect(git.wants(asked, RULES)).toBe('nothing')
    expect(() => git.read(asked, RULES, null)).toThrow(Unreadable)
  })

  it.each([
    ['GET', '/o/r.git/info/refs?service=git-upload-pack', true],
    ['POST', '/o/r.git/git-receive-pack', true],
    ['GET', '/o/r.git/info/refs', false],
    ['GET', '/o/r.git/info/refs?service=git-upload-pack&x=1', false],
    ['GET', '/o/r', false],
    ['POST', '/o/r', false],
  ])('a client of git: %s %s is %s', (method, path, expected) => {
    expect(isGitClient(call(method, path))).toBe(expected)
  })
})

describe('protected refs', () => {
  const outcome = (rules: Partial<GitRules>, ...refs: readonly string[]): string => {
    const lines = refs.map((ref) => pkt(`${OLD} ${NEW} ${ref}`)).join('')
    const asked = call('POST', '/r.git/git-receive-pack', PUSH)
    const content = { bytes: bytes(lines + FLUSH), whole: false }
    const { ruling } = git.read(asked, { ...RULES, ...rules }, content)
    if (ruling?.is === 'deny') return `${ruling.listed ? 'denied' : 'unlisted'} by ${ruling.rule}`
    return ruling?.sensitive ? 'sensitive' : 'allowed'
  }

  it.each([
    ['refs/heads/main', 'denied by git.deny_push[0]'],
    ['refs/heads/Main', 'denied by git.deny_push[0]'],
    ['refs/Heads/MAIN', 'denied by git.deny_push[0]'],
    ['refs/heads/ma\u0131n', 'denied by git.deny_push[0]'],
    ['refs/heads/\uff4dain', 'denied by git.deny_push[0]'],
    ['refs/heads/ma\u200cin', 'denied by git.deny_push[0]'],
    ['refs/heads./main', 'denied by git.deny_push[0]'],
    ['refs/heads/main2', 'sensitive'],
    ['refs/heads/main/x', 'sensitive'],
    ['refs/heads/x/main', 'sensitive'],
    ['refs/heads/m%61in', 'sensitive'],
    ['refs/tags/v1', 'denied by git.deny_push[1]'],
    ['refs/tags/deep/v1', 'denied by git.deny_push[1]'],
    ['refs/heads/release/1', 'denied by git.deny_push[2]'],
    ['refs/heads/release/1/2', 'sensitive'],
    ['refs/heads/größe', 'denied by git.deny_push[3]'],
    ['refs/heads/gro\u0308ße', 'denied by git.deny_push[3]'],
  ])('%s: %s', (ref, expected) => {
    const deny_push = [
      'refs/heads/main',
      'refs/tags/**',
      'refs/heads/release/*',
      'refs/heads/größe',
    ]
    expect(outcome({ deny_push }, ref)).toBe(expected)
    expect(outcome({ deny_push }, 'refs/heads/x', ref)).toBe(expected)
  })

  it.each([
    ['refs/heads/agent/x', 'sensitive'],
    ['refs/heads/agent/x/y', 'unlisted by git.allow_push'],
    ['refs/heads/Agent/x', 'unlisted by git.allow_push'],
    ['refs/heads/main', 'unlisted by git.allow_push'],
    ['refs/heads/agent/no', 'denied by git.deny_push[0]'],
  ])('of a complete list, %s: %s', (ref, expected) => {
    const lists = { allow_push: ['refs/heads/agent/*'], deny_push: ['refs/heads/agent/no'] }
    expect(outcome(lists, ref)).toBe(expected)
    expect(outcome(lists, 'refs/heads/agent/1', ref)).toBe(expected)
  })

  it('an empty list allows none', () => {
    expect(outcome({ allow_push: [] }, 'refs/heads/x')).toBe('unlisted by git.allow_push')
  })

  it('a push may be no sensitive call', () => {
    expect(outcome({ sensitive: false }, 'refs/heads/x')).toBe('allowed')
  })
})

describe('the name of a push', () => {
  const named = (...refs: readonly string[]): string => {
    const lines = refs.map((ref) => pkt(`${OLD} ${NEW} ${ref}`)).join('')
    const asked = call('POST', '/r.git/git-receive-pack', PUSH)
    return git.read(asked, RULES, { bytes: bytes(lines + FLUSH), whole: false }).name
  }

  it('shows what is deleted, and what nobody could see', () => {
    const lines = push('refs/heads/x', OLD, ZERO)
    const asked = call('POST', '/r.git/git-receive-pack', PUSH)
    const { name } = git.read(asked, RULES, { bytes: bytes(lines), whole: false })
    expect(name).toBe('git push :refs/heads/x')
    expect(named('refs/heads/ma\u202ein')).toBe('git push refs/heads/ma\\u{202e}in')
  })

  it('of more refs than fit is still that of no other push', () => {
    const refs = Array.from({ length: 300 }, (_, index) => `refs/heads/${'b'.repeat(20)}/${index}`)
    const [name, other] = [named(...refs), named(...refs.with(299, 'refs/heads/main'))]
    expect(name).toMatch(/^git push refs\/heads\/b+\/0 .* and 297 more \(sha256 [0-9a-f]{32}…\)$/)
    expect(other.replace(/sha256.*/, '')).toBe(name.replace(/sha256.*/, ''))
    expect(other).not.toBe(name)
    expect(
      Math.max(name.length, named(`refs/heads/${'x'.repeat(400)}`).length),
    ).toBeLessThanOrEqual(200)
  })
})
