/** What begins with the mark of whoever made it. */
const MARKED = [
  // A grant token, also where a part of it is percent-encoded.
  '(?:o|%6[Ff])(?:p|%70)(?:_|%5[Ff])(?:[0-9A-Za-z]|%[3-7][0-9A-Fa-f]){43}',
  'gh[pousr]_[0-9A-Za-z]{20,}',
  'github_pat_[0-9A-Za-z_]{20,}',
  'glpat-[0-9A-Za-z_-]{16,}',
  'sk-[0-9A-Za-z_-]{16,}',
  '[rsp]k_(?:live|test)_[0-9A-Za-z]{10,}',
  'xox[abeprs]-[0-9A-Za-z-]{10,}',
  'AKIA[0-9A-Z]{16}',
  'AIza[0-9A-Za-z_-]{30,}',
  'bot[0-9]{6,}(?::|%3[Aa])[0-9A-Za-z_-]{30,}',
]

/** A JWS in compact form, RFC 7515 §7.1: its header begins with `{"`. */
const JWS = String.raw`eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)?`

/** Shapes of well-known tokens: what looks like one is not recorded, whoever it belongs to. */
export const TOKEN_SHAPES = new RegExp([...MARKED, JWS].join('|'), 'g')

/** Each takes time linear in the text: none of them goes on behind a run that may be of any length. */
const MARKED_TOKENS = new RegExp(MARKED.join('|'), 'g')

/** Shorter values are words: replacing them would garble a path and hide nothing. */
const SHORTEST_KEY = 6

/** No text that is searched is longer, and no key that opens anything is nearly as long. */
const LONGEST_KEY = 64 * 1024

/** So many are looked for, the explicit ones first: a query may hold hundreds. */
const MOST_KEYS = 64

/** The text without the given keys (plain or percent-encoded) and without anything of a token's shape. */
export function redact(text: string, keys: readonly string[]): string {
  return redactor(keys)(text)
}

/** `redact` for several texts: the spellings of the keys are worked out once. */
export function redactor(keys: readonly string[]): (text: string) => string {
  const known = [...new Set(keys)]
    .filter(({ length }) => length >= SHORTEST_KEY && length <= LONGEST_KEY)
    .slice(0, MOST_KEYS)
  const spellings = known.flatMap(spellingsOf)
  return (text) => {
    if (text.length < SHORTEST_KEY) return text
    return withoutJws(withoutKeys(text, spellings)).replaceAll(MARKED_TOKENS, '[redacted]')
  }
}

function spellingsOf(key: string): readonly string[] {
  if (UNRESERVED.test(key)) return [key]
  const encoded = encodeURIComponent(key.toWellFormed())
  return [key, encoded, encoded.replaceAll(/%[0-9A-F]{2}/g, (each) => each.toLowerCase())]
}

/** What percent-encoding leaves as it is. */
const UNRESERVED = /^[\w.~-]+$/

/** In one pass, so that what was put in is never searched again. */
function withoutKeys(text: string, spellings: readonly string[]): string {
  if (!spellings.some((each) => text.includes(each))) return text
  const found = spellings
    .filter((each) => text.includes(each))
    .toSorted((one, other) => other.length - one.length)
  return text.replace(new RegExp(found.map(escaped).join('|'), 'g'), '[redacted]')
}

/** `JWS` as an expression would begin anew at each `eyJ` of a long run: strangers choose paths. */
function withoutJws(text: string): string {
  if (!text.includes('eyJ')) return text
  return text.replaceAll(/[0-9A-Za-z_.-]+/g, (run) => {
    const parts = run.split('.')
    const kept: string[] = []
    for (let at = 0; at < parts.length; at += 1) {
      const [part = '', next = ''] = parts.slice(at, at + 2)
      const start = part.indexOf('eyJ')
      const isJws = start >= 0 && part.length - start >= 11 && next.length >= 8
      kept.push(isJws ? `${part.slice(0, start)}[redacted]` : part)
      if (isJws) at += 2
    }
    return kept.join('.')
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, String.raw`\$&`)
}
