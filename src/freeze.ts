/**
 * Freezes a value and everything in it, so that no call can change what the next one reads. The
 * values of a map are frozen, its entries are not: expose it as a `ReadonlyMap`. Classes stay as
 * they are.
 */
export function freeze<T extends object>(value: T): T {
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value)
  for (const part of parts) {
    if (typeof part === 'object' && part !== null) freeze(part)
  }
  return Object.freeze(value)
}
