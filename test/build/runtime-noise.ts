/**
 * What workerd prints, a message with each write, when an upstream of these tests hangs up or
 * refuses, and when an answer with an echo is cut: which is what they are about. And its advice on the one header that is not ASCII.
 */
const EXPECTED = [
  /^exception = rust\/worker\/ffi\.rs:\d+: disconnected: /,
  /^uncaught exception; source = Uncaught \(in promise\); stack = Error: Network connection lost\./,
  /^uncaught exception; exception = workerd\/jsg\/value\.h:\d+: disconnected: jsg\.Error: Network connection lost\./,
  /^uncaught exception; exception = workerd\/jsg\/value\.h:\d+: failed: jsg\.Error: Refusal: the upstream repeated a credential/,
  /^uncaught exception; source = Uncaught \(in promise\); stack = Error: Secret "shelf" not found/,
  /^A header value for "host" contains non-ASCII characters: "höst" /,
]

const STACK = /^(?:stack: \S*workerd@|\s+at )/

/** `text` without expected messages and the stacks that follow them. */
export function withoutNoise(text: string): string {
  let dropping = false
  return text
    .split(/(?<=\n)/)
    .filter((line) => {
      dropping = EXPECTED.some((each) => each.test(line)) || (dropping && STACK.test(line))
      return !dropping
    })
    .join('')
}

/** Keeps expected messages of the runtime off this process's output. Whatever else it says is shown. */
export function muteRuntime(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream)
    stream.write = (chunk: string | Uint8Array, ...rest: []) =>
      // An empty text is written too: whoever waits for the end of the write hears of it.
      write(typeof chunk === 'string' ? withoutNoise(chunk) : chunk, ...rest)
  }
}
