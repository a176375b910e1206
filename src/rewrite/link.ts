/**
 * A `Link` (RFC 8288 §3) with each target changed, and its parameters as they are. What is no list of
 * links stays as it is, from where it ceases to be one.
 */
export function changedLinks(value: string, change: (target: string) => string): string {
  let said = ''
  let at = 0
  while (at < value.length) {
    const [all = '', before = '', target] = nextLink(value, at) ?? []
    if (target === undefined) break
    said += `${before}<${change(target)}>`
    at += all.length
    const rest = parameters(value, at)
    said += rest
    at += rest.length
  }
  return said + value.slice(at)
}

function nextLink(value: string, at: number): RegExpExecArray | null {
  TARGET.lastIndex = at
  return TARGET.exec(value)
}

const TARGET = /([\s,]*)<([^<>]*)>/y

/** Up to the comma that is in no quotes. */
function parameters(value: string, from: number): string {
  PARAMETERS.lastIndex = from
  return PARAMETERS.exec(value)?.[0] ?? ''
}

const PARAMETERS = /(?:[^",]|"(?:[^"\\]|\\.)*")*/y
