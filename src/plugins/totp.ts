const STEP_MS = 30_000
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * A time-based one-time password: RFC 6238 with SHA-1 and 30 s, `digits` digits. The seed is base32
 * (RFC 4648 §6) as authenticator apps show it: blanks, dashes, case and padding do not matter.
 * @throws Error, without the seed in its message, when it is no base32.
 */
export async function totp(seed: string, now: number, digits = 6): Promise<string> {
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(Math.floor(now / STEP_MS)))
  const algorithm = { name: 'HMAC', hash: 'SHA-1' }
  const key = await crypto.subtle.importKey('raw', bytesOf(seed), algorithm, false, ['sign'])
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer))
  // Dynamic truncation: RFC 4226 §5.3.
  const offset = mac.getUint8(mac.byteLength - 1) & 15
  const number = mac.getUint32(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

function bytesOf(seed: string): Uint8Array {
  const letters = seed.toUpperCase().replaceAll(/[\s=-]/g, '')
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const letter of letters) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) throw new Error('the TOTP seed is not base32')
    held = (held << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push(held >> bits)
    held &= (1 << bits) - 1
  }
  if (bytes.length === 0) throw new Error('the TOTP seed is empty')
  return Uint8Array.from(bytes)
}
