/**
 * What workerd prints when an upstream or a client hangs up, sends what is no HTTP, or asks for a
 * CONNECT. Whatever else it prints is a finding.
 */
export const EXPECTED: readonly RegExp[] = [
  /a connect event but we lack a handler/,
  /does not export a connect\(\) function/,
  // An answer in a coding that it is not in, once its headers have left: docs/fuzzing.md.
  /Uncaught exception: .*jsg\.TypeError: (?:Gzip|Brotli|Decompression).*(?:prematurely|failed)\.$/,
  /^audit: \d+ echoes of a credential in the answer to \w+$/,
]

/** Lines that follow such a message and belong to it. */
const STACK = /^(?:stack: \S*workerd@|\s+at )/

/** Whether a line is the record of a call. */
export function isEvent(line: string): boolean {
  return line.startsWith('{') && line.includes('"secret_exposed":false')
}

/** Lines of the console that are neither events nor heads of a ledger nor expected. */
export function strangeLines(printed: string): string[] {
  let dropping = false
  return printed.split('\n').filter((line) => {
    if (line === '' || isEvent(line) || line.startsWith('{"audit_head":')) return false
    dropping = EXPECTED.some((each) => each.test(line)) || (dropping && STACK.test(line))
    return !dropping
  })
}
