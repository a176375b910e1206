/**
 * What workerd prints when an upstream or a client hangs up, sends what is no HTTP, or asks for a
 * CONNECT. Whatever else it prints is a finding.
 */
export const EXPECTED: readonly RegExp[] = [
  /a connect event but we lack a handler/,
  /does not export a connect\(\) function/,
]

/** Lines that follow such a message and belong to it. */
const STACK = /^(?:stack: \S*workerd@|\s+at )/

/** Lines of the console that are neither events nor heads of a ledger nor expected. */
export function strangeLines(printed: string): string[] {
  let dropping = false
  return printed.split('\n').filter((line) => {
    if (line === '' || line.startsWith('{"id":') || line.startsWith('{"audit_head":')) return false
    dropping = EXPECTED.some((each) => each.test(line)) || (dropping && STACK.test(line))
    return !dropping
  })
}
