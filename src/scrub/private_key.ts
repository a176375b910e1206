/** What is searched for of a private key. */
export interface PrivateParts {
  /** In every form. */
  readonly wholes: readonly string[]
  /** As they are. */
  readonly lines: readonly string[]
}

/**
 * Lines of a PEM body shorter than this are a rest of a few bytes. A whole line is 64 characters
 * (RFC 7468 §2), of which few are known even where the public key or the form of the key tells some.
 */
const SHORTEST_LINE = 32

/** The members of a JWK that are private: RFC 7518 §6.2.2, §6.3.2. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi']

/**
 * The private parts of a secret: a PEM text and its lines, also in a key file of Google's; members of
 * a JWK. Each counts as a whole, never a part of one: half of such a key is its public key, and its
 * beginning is that of every other, so who knows that could go on from there, a character at a time.
 * What else is in a file, such as an address, is no secret. null: this is no private key.
 */
export function privateParts(secret: string): PrivateParts | null {
  if (/^\s*\{/.test(secret)) return partsOfJson(secret)
  return isPem(secret) ? partsOfPem(secret) : null
}

function isPem(text: unknown): text is string {
  return typeof text === 'string' && text.includes('PRIVATE KEY-----')
}

function partsOfPem(text: string): PrivateParts {
  const lines = text
    .split(/\s+|\\[rn]/)
    .filter((line) => line.length >= SHORTEST_LINE && /^[A-Za-z0-9+/=]+$/.test(line))
  return { wholes: [text.trimEnd()], lines }
}

function partsOfJson(text: string): PrivateParts | null {
  const members = membersOf(text)
  const { private_key: pem } = members
  if (isPem(pem)) {
    const { wholes, lines } = partsOfPem(pem)
    // And as the file has it.
    return { wholes: wholes.flatMap((each) => [each, JSON.stringify(each).slice(1, -1)]), lines }
  }
  if (typeof members['kty'] !== 'string') return null
  const wholes = PRIVATE.map((name) => members[name]).filter((each) => typeof each === 'string')
  return { wholes, lines: [] }
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? { ...found } : {}
  } catch {
    return {}
  }
}
