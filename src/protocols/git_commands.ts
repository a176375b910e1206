import { Unreadable } from '../content/content.ts'
import { isRefName } from './git_refs.ts'
import { linesUntilFlush } from './pkt_line.ts'

/** What a push asks for one ref. Whether it is forced, only the server can tell. */
export interface PushCommand {
  /** `refs/heads/main` */
  readonly ref: string
  readonly deletes: boolean
}

const ID = '(?:[0-9a-f]{40}|[0-9a-f]{64})'
const SHALLOW = new RegExp(`^shallow (${ID})$`, 'i')
const COMMAND = new RegExp(`^(${ID}) (${ID}) ([^\\0\\n]+)$`, 'i')
/** A sender may put what it can do behind the first line: no other, though git reads it from any. */
const CAPABILITIES = /^([^\0]*)\0([^\0]*)$/
const CERTIFICATE_HEADER = /^(?:certificate version|pusher|pushee|nonce|push-option) [^\0\n]+\n$/
const SIGNATURE = /^-----BEGIN /

/**
 * The commands of a push, from the beginning of what is sent to `git-receive-pack`:
 * https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer
 * None for the lone flush that git sends to try its credentials before a long body.
 *
 * Git takes more than that grammar. What it takes beyond it is refused here: another reader could find
 * other commands in it.
 * @throws Unreadable
 */
export function commandsIn(bytes: Uint8Array): readonly PushCommand[] {
  const lines = linesUntilFlush(bytes)
  const shallow = lines.findIndex((line) => !SHALLOW.test(chomped(line)))
  const rest = shallow < 0 ? [] : lines.slice(shallow)
  if (lines.length > 0 && rest.length === 0) throw malformed()
  const [first = '', ...others] = rest
  const opening = CAPABILITIES.exec(first)?.[1] ?? chomped(first)
  const written =
    opening === 'push-cert' ? certified(others) : [opening, ...others.map((line) => chomped(line))]
  const found = rest.length === 0 ? [] : written.map(readCommand)
  const ids = [...lines.slice(0, Math.max(shallow, 0)).map(shallowId), ...found.flatMap(idsOf)]
  if (new Set(ids.map(({ length }) => length)).size > 1) throw malformed()
  return found.map(({ ref, to }) => ({ ref, deletes: /^0+$/.test(to) }))
}

interface Written {
  readonly from: string
  readonly to: string
  readonly ref: string
}

function readCommand(line: string): Written {
  const [, from, to, ref] = COMMAND.exec(line) ?? []
  if (from === undefined || to === undefined || ref === undefined) throw malformed()
  if (!isRefName(ref)) throw new Unreadable('a push to a ref that cannot be one')
  return { from, to, ref }
}

/**
 * The commands of a signed push: between the empty line and the signature. One line of the certificate
 * in each pkt-line, as git sends it: of several in one, who knows which begins with what.
 */
function certified(lines: readonly string[]): readonly string[] {
  if (lines.at(-1) !== 'push-cert-end\n') throw malformed()
  if (lines.some((line) => line.indexOf('\n') !== line.length - 1)) throw malformed()
  const empty = lines.indexOf('\n')
  const signature = lines.findIndex((line) => SIGNATURE.test(line))
  if (empty < 0 || signature < empty) throw malformed()
  if (!lines.slice(0, empty).every((line) => CERTIFICATE_HEADER.test(line))) throw malformed()
  // Git takes the last signature for the one, and what is before it for commands.
  if (lines.slice(signature + 1).some((line) => SIGNATURE.test(line))) throw malformed()
  if (lines.indexOf('push-cert-end\n') !== lines.length - 1) throw malformed()
  return lines.slice(empty + 1, signature).map((line) => chomped(line))
}

function shallowId(line: string): string {
  return SHALLOW.exec(chomped(line))?.[1] ?? ''
}

function idsOf({ from, to }: Written): readonly string[] {
  return [from, to]
}

function chomped(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line
}

function malformed(): Unreadable {
  return new Unreadable('the commands of the push cannot be read in one way')
}
