import { addAbortSignal } from 'node:stream'
import type { Readable } from 'node:stream'

/** Standard input, whose reading ends when `stop` fires. */
export function stdin(stop: AbortSignal): Readable {
  return addAbortSignal(stop, process.stdin)
}
