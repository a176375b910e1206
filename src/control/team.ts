/** Cloudflare Access as an installation names it. */
export interface AccessTeam {
  /** The issuer of the team's tokens, to the letter. Its keys are published below it. */
  readonly origin: string
  /** Audience tags of applications; a token has to be for one of them. Never empty. */
  readonly audiences: readonly string[]
}

/** A team by its name, and the domain that it is a part of. */
const TEAM = /^(?:https:\/\/)?([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.cloudflareaccess\.com)?$/i
/** For tests. Never without the port: this is not typed by accident. */
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/
const AUDIENCE = /^[\w.-]{1,256}$/

/**
 * Reads `ACCESS_TEAM_DOMAIN` (`acme`, `acme.cloudflareaccess.com` or that with `https://`) and
 * `ACCESS_AUD` (tags, separated by commas). null: neither is set. One without the other, or with an
 * error, is a problem in words, without the value, and then nobody comes in by Access.
 */
export function readTeam(
  domain: string,
  audiences: string,
): AccessTeam | { readonly problem: string } | null {
  if (domain === '' && audiences === '') return null
  if (domain === '') return { problem: `ACCESS_TEAM_DOMAIN is not set${CLOSED}` }
  if (audiences === '') return { problem: `ACCESS_AUD is not set${CLOSED}` }
  const origin = originOf(domain)
  if (origin === null) return { problem: `ACCESS_TEAM_DOMAIN has an error${CLOSED}` }
  const tags = audiences.split(',').map((each) => each.trim())
  const areTags = tags.every((tag) => AUDIENCE.test(tag))
  return areTags ? { origin, audiences: tags } : { problem: `ACCESS_AUD has an error${CLOSED}` }
}

const CLOSED = ': nobody comes in through Cloudflare Access'

function originOf(domain: string): string | null {
  if (LOOPBACK.test(domain)) return URL.parse(domain)?.origin === domain ? domain : null
  const [, team] = TEAM.exec(domain) ?? []
  return team === undefined ? null : `https://${team.toLowerCase()}.cloudflareaccess.com`
}
