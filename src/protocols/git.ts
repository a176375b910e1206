import { Unreadable } from '../content/content.ts'
import type { Content } from '../content/content.ts'
import type { Operation, Ruling } from '../operation.ts'
import { commandsIn } from './git_commands.ts'
import type { PushCommand } from './git_commands.ts'
import { nameOfPush } from './git_name.ts'
import { refPatternsOf } from './git_refs.ts'
import type { GitRules } from './git_refs.ts'
import { askedBy, Odd } from './git_request.ts'
import type { Asked } from './git_request.ts'
import { hasFlush } from './pkt_line.ts'
import type { Protocol } from './protocol.ts'

/**
 * Git over HTTP: https://git-scm.com/docs/gitprotocol-http. Fetching reads, though it is a POST; a push
 * writes, and so does asking what could be pushed to, which nobody else needs. What the "dumb" protocol
 * asks for are files, and their GETs none of ours.
 */
export const git: Protocol<GitRules> = {
  wants: (call) => {
    const asked = askedBy(call)
    if (asked === null) return null
    return asked === 'push' && isReadable(call.request.headers) ? 'head' : 'nothing'
  },
  enough: hasFlush,
  read: (call, rules, content) => {
    const asked = askedBy(call)
    if (asked instanceof Odd) throw new Unreadable(asked.why)
    checkHeaders(asked, call.request.headers)
    if (asked === 'push') return pushed(rules, content)
    const pushes = asked === 'discover-push'
    return { name: pushes ? 'git push' : 'git fetch', ruling: allowed(pushes && rules.sensitive) }
  },
}

function isReadable(headers: Headers): boolean {
  return problemIn('push', headers) === null
}

function checkHeaders(asked: Asked | null, headers: Headers): void {
  const problem = problemIn(asked, headers)
  if (problem !== null) throw new Unreadable(problem)
}

/** What contradicts the path, which says already what the body is. */
function problemIn(asked: Asked | null, headers: Headers): string | null {
  if (asked !== 'push' && asked !== 'fetch') return null
  const type = asked === 'push' ? 'receive' : 'upload'
  if (headers.get('content-type') !== `application/x-git-${type}-pack-request`) {
    return `Content-Type is not application/x-git-${type}-pack-request`
  }
  if (asked === 'push' && headers.has('content-encoding')) return 'a push in a Content-Encoding'
  return null
}

function pushed(rules: GitRules, content: Content | null): Operation {
  const commands = commandsIn(content?.bytes ?? new Uint8Array())
  return { name: nameOfPush(commands), ruling: ruled(rules, commands) }
}

/** Denied when one of the refs is: an atomic push is one thing, and any other is for its sender to part. */
function ruled(rules: GitRules, commands: readonly PushCommand[]): Ruling {
  const patterns = refPatternsOf(rules)
  for (const { ref } of commands) {
    const at = patterns.denied(ref)
    if (at >= 0) {
      const reason = `${rules.deny_push[at]} denies a push to ${ref}`
      return { is: 'deny', rule: `git.deny_push[${at}]`, reason, listed: true }
    }
  }
  for (const { ref } of commands) {
    if (patterns.allowed && patterns.allowed(ref) < 0) {
      const reason = `no pattern allows a push to ${ref}`
      return { is: 'deny', rule: 'git.allow_push', reason, listed: false }
    }
  }
  return allowed(rules.sensitive)
}

function allowed(sensitive: boolean): Ruling {
  return { is: 'allow', sensitive, rule: 'git' }
}
