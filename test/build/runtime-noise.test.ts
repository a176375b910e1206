import { expect, it } from 'vitest'

import { withoutNoise } from './runtime-noise.ts'

const STACK = 'stack: /x/bin/workerd@26b6840 /x/bin/workerd@3739630\n'
const LOST =
  'uncaught exception; source = Uncaught (in promise); stack = Error: Network connection lost.\n'

it.each([
  [`exception = rust/worker/ffi.rs:110: disconnected: Connection refused\n${STACK}`, ''],
  [`${LOST}    at async fetch (x.js:1:1)\nkept\n`, 'kept\n'],
  [
    `uncaught exception; exception = workerd/jsg/value.h:1511: disconnected: jsg.Error: Network connection lost.\n${STACK}`,
    '',
  ],
])('drops what is expected, and its stack: %j', (text, kept) => {
  expect(withoutNoise(text)).toBe(kept)
})

it.each([
  STACK,
  `uncaught exception; source = Uncaught (in promise); stack = TypeError: x\n${STACK}`,
  `exception = rust/worker/ffi.rs:110: failed: x\n${STACK}`,
  'A header value for "host" contains non-ASCII characters: "x"\n',
  ' ✓ worker test/a.test.ts',
  '',
])('leaves everything else as it is: %j', (text) => {
  expect(withoutNoise(text)).toBe(text)
})
