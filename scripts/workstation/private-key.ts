/**
 * Whether it is a private key in PEM, or a JSON file with one in it: the secrets that have lines. They
 * are signed with, and stand in no header.
 */
export function isPrivateKey(text: string): boolean {
  const begins = /^\s*(?:-----BEGIN [A-Z ]+-----|\{)/.test(text)
  return begins && text.includes('PRIVATE KEY-----') && !/[^\P{Cc}\t\r\n]|\p{Cf}/u.test(text)
}
