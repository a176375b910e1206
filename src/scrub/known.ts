/** The domain of an e-mail address is in every answer. */
const DOMAIN = /(?<=^[^\s@]+@)(?:[a-z\d-]+\.)+[a-z]{2,}$/

/**
 * Of three parts the last is a signature or the key itself: a JWT has a header that is that of every
 * other one and claims that its user can know (RFC 7519 §3), a bot's token of Discord begins with the
 * bot's id, a key of SendGrid with its own.
 */
const BEFORE_SIGNATURE = /^[\w-]+\.[\w-]+\.(?=[\w-]{20,}$)/

/** What the makers of tokens put in front of each, and ids that are public elsewhere. */
const PREFIX = new RegExp(
  `^(?:${[
    'sk-ant-[a-z]+\\d\\d-',
    'sk-(?:proj|svcacct|admin|or-v1|lf)-',
    // An account of Stripe is in its publishable key too.
    '[rsp]k_(?:live|test)_(?:51\\w{14})?',
    'github_pat_(?:11[A-Z\\d]{7}0)?',
    'gh[pousr]_',
    'gl[a-z]+-',
    'xox[a-z](?:\\.xox[a-z])?-(?:\\d+-)*',
    'xapp-\\d-[A-Z\\d]+-\\d+-',
    // The id of a bot of Telegram is in its profile.
    '(?:bot)?\\d{6,}:(?:AA)?',
    'hv[sbr]\\.(?:CAES[A-Z])?',
    'pypi-AgEIcHlwaS5vcmc',
    'gl(?:sa|c)_(?:eyJvIjoi)?',
    'sntry[su]_(?:eyJpYXQiOj)?',
    'ATATT3xFfGF0',
    'shp[a-z]{2}_',
    'do[opr]_v1_',
    'dp\\.[a-z]+\\.',
    'v\\d\\.local\\.',
    'AGE-SECRET-KEY-1',
    '[a-z]+_(?:api|live|test|key|oauth|pat|sk)_',
  ].join('|')})`,
)

/**
 * What of a secret nobody else knows, as far as its form tells. A part of it is searched for, and
 * whoever sees what was taken out can go on from what he knows, a character at a time.
 */
export function unknownPart(secret: string): string {
  return secret.replace(DOMAIN, '').replace(BEFORE_SIGNATURE, '').replace(PREFIX, '')
}
