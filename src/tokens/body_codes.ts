import { readBounded } from '../bounded.ts'

/** Larger answers are not looked at. */
const MAX_LOOKED_AT = 64 * 1024

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i

/**
 * What a response says, read from a copy while the response itself streams on; null when it is not
 * JSON. undefined when it turns out to be too large, or not to be JSON.
 */
export function jsonBeside(response: Response): Promise<unknown> | null {
  if (!JSON_TYPE.test(response.headers.get('content-type') ?? '') || !response.body) return null
  if (Number(response.headers.get('content-length') ?? 0) > MAX_LOOKED_AT) return null
  return parsed(response.clone().body)
}

async function parsed(body: ReadableStream<Uint8Array> | null): Promise<unknown> {
  try {
    const bytes = await readBounded(body, MAX_LOOKED_AT)
    return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : undefined
  } catch {
    return undefined // broken off, or not JSON after all
  }
}
