/** What a sealed text is for. It opens for nothing else. */
export interface Purpose {
  readonly provider: string
  /** The name of the vault that holds it. */
  readonly vault: string
  readonly kind: 'access' | 'refresh'
}

/** Seals texts under one master key, and opens those of it and of the one before it. */
export interface Seals {
  readonly seal: (text: string, purpose: Purpose) => Promise<string>
  /** null for whatever was not sealed here, for this purpose, with a key that is still known. */
  readonly open: (sealed: string, purpose: Purpose) => Promise<string | null>
}

/** A shorter master key is as good as none. */
export const SHORTEST_KEY = 32

const SEALED = /^v1\.([\w-]{8})\.([\w-]{16})\.([\w-]{22,})$/
const BASE64URL = { alphabet: 'base64url', omitPadding: true } as const

const encoder = new TextEncoder()

interface Key {
  readonly id: string
  readonly key: CryptoKey
}

/**
 * AES-256-GCM under a key derived from the master key (HKDF-SHA-256, RFC 5869), as
 * `v1.<key id>.<iv>.<ciphertext and tag>` in base64url. The IV is 96 random bits. The form, the key
 * id and the purpose are associated data. What `previous` sealed still opens; nothing is sealed
 * with it any more.
 */
export async function sealsOf(master: string, previous: string | null): Promise<Seals> {
  const current = await derive(master)
  const keys = [current, ...(previous === null ? [] : [await derive(previous)])]
  return {
    seal: async (text, purpose) => {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const algorithm = parameters(iv, current.id, purpose)
      const bytes = await crypto.subtle.encrypt(algorithm, current.key, encoder.encode(text))
      const sealed = new Uint8Array(bytes).toBase64(BASE64URL)
      return `v1.${current.id}.${iv.toBase64(BASE64URL)}.${sealed}`
    },
    open: async (sealed, purpose) => {
      const [, id = '', iv = '', text = ''] = SEALED.exec(sealed) ?? []
      const found = keys.find((each) => each.id === id)
      if (!found) return null
      try {
        const algorithm = parameters(bytesOf(iv), id, purpose)
        const bytes = await crypto.subtle.decrypt(algorithm, found.key, bytesOf(text))
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      } catch {
        return null // tampered with, or sealed for something else
      }
    },
  }
}

async function derive(master: string): Promise<Key> {
  const from = await crypto.subtle.importKey('raw', encoder.encode(master), 'HKDF', false, [
    'deriveBits',
  ])
  const bits = await crypto.subtle.deriveBits(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(),
      info: encoder.encode('outpost token seal v1'),
    },
    from,
    256,
  )
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bits))
  return {
    id: digest.slice(0, 6).toBase64(BASE64URL),
    key: await crypto.subtle.importKey('raw', bits, 'AES-GCM', false, ['encrypt', 'decrypt']),
  }
}

function parameters(iv: Uint8Array, id: string, { provider, vault, kind }: Purpose): AesGcmParams {
  const associated = JSON.stringify(['v1', id, provider, vault, kind])
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(associated) }
}

interface AesGcmParams {
  readonly name: 'AES-GCM'
  readonly iv: Uint8Array
  readonly additionalData: Uint8Array
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.fromBase64(text, { alphabet: 'base64url' })
}
