/**
 * The last that is worth knowing of a provider's token, for the operator. There is an object for it
 * beside those of the credentials, called after the provider alone: status can ask it without
 * opening a secret.
 */
export type News =
  | { readonly is: 'minted'; readonly at: number; readonly until: number }
  | { readonly is: 'failing' | 'paused'; readonly at: number; readonly reason: string }
  /** A token of `TOKENS` that the upstream rejected; `token` is the beginning of its SHA-256. */
  | {
      readonly is: 'suspect'
      readonly at: number
      readonly reason: string
      readonly token: string
    }

/** One sentence for the operator; null when all is well. */
export function problemIn(news: News | null): string | null {
  switch (news?.is) {
    case undefined:
    case 'minted':
      return null
    case 'failing':
      return `no token could be minted at ${iso(news.at)}: ${news.reason}`
    case 'paused':
      return `paused at ${iso(news.at)}: ${news.reason}; new secrets end the pause`
    case 'suspect':
      return `the stored token was rejected at ${iso(news.at)} (${news.reason})`
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
