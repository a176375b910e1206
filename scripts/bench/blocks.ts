import { randomBytes } from 'node:crypto'

const BLOCK = 64 * 1024
const noise = randomBytes(BLOCK)

/**
 * `size` bytes in blocks of 64 KiB, no two alike: noise with a number in front, so that a block
 * that is lost, doubled or displaced changes the hash.
 */
export function* blocks(size: number): Generator<Buffer> {
  for (let number = 0, left = size; left > 0; number += 1, left -= BLOCK) {
    const block = Buffer.from(noise)
    block.writeUInt32LE(number)
    yield block.subarray(0, Math.min(BLOCK, left))
  }
}
