/** SHA-256 in lower-case hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytes))
}

export function hex(digest: ArrayBuffer): string {
  return new Uint8Array(digest).toHex()
}
