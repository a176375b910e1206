import { createHash } from 'node:crypto'

/**
 * The checksums that S3 knows, base64 of big-endian bytes, by the names of their headers:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export const CHECKSUMS: ReadonlyMap<string, (bytes: Buffer) => string> = new Map([
  ['x-amz-checksum-crc32', crc(32n, 0xedb88320n)],
  ['x-amz-checksum-crc32c', crc(32n, 0x82f63b78n)],
  ['x-amz-checksum-crc64nvme', crc(64n, 0x9a6c9329ac4bc9b5n)],
  ['x-amz-checksum-sha1', digest('sha1')],
  ['x-amz-checksum-sha256', digest('sha256')],
])

function digest(name: string) {
  return (bytes: Buffer) => createHash(name).update(bytes).digest('base64')
}

/** Bit by bit from a table, in two halves of 32 bits: numbers of 64 would be slow. */
function crc(width: 32n | 64n, polynomial: bigint) {
  const mask = (1n << width) - 1n
  const low = new Uint32Array(256)
  const high = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte)
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
    }
    low[byte] = Number(value & 0xffffffffn)
    high[byte] = Number((value & mask) >> 32n)
  }
  return (bytes: Buffer) => {
    let lower = 0xffffffff
    let upper = width === 64n ? 0xffffffff : 0
    for (const byte of bytes) {
      const at = (lower ^ byte) & 0xff
      lower = (((lower >>> 8) | (upper << 24)) ^ (low[at] ?? 0)) >>> 0
      upper = ((upper >>> 8) ^ (high[at] ?? 0)) >>> 0
    }
    const out = Buffer.alloc(Number(width) / 8)
    out.writeUInt32BE(~lower >>> 0, out.length - 4)
    if (width === 64n) out.writeUInt32BE(~upper >>> 0, 0)
    return out.toString('base64')
  }
}
