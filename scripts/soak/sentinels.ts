/** Every secret of a soak begins with this: one search finds them all. */
const MARK = 'soak-sentinel-'

/** A secret of that name: `kind` says in a report whose it was. */
export function sentinel(kind: string, random: string): string {
  return `${MARK}${kind}-${random}`
}

/** How base64 has the mark, for each of the three places where it can begin. */
const ENCODED = ['c29hay1zZW50aW5lbC', 'NvYWstc2VudGluZWwt', 'zb2FrLXNlbnRpbmVsL']

/** Of the mark, as it is or in base64, and of the token of a grant. */
const SECRETS = new RegExp(
  `${MARK}(?<kind>[a-z]+)|(?<encoded>${ENCODED.join('|')})|(?<token>\\bop_[0-9A-Za-z]{43}\\b)`,
  'g',
)

/** What the secrets in a text are, in words that do not repeat them. */
export function secretsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(SECRETS), ({ groups }) => {
    if (groups?.['token'] !== undefined) return 'a token of a grant'
    return groups?.['kind'] === undefined ? 'a secret in base64' : `a secret (${groups['kind']})`
  })
}
