/** Of each value, and of all. A person reads this. */
const LONGEST_VALUE = 80
const MOST_FIELDS = 20
const LONGEST = 1000

/** Larger bodies are described by their size. */
const LARGEST_READ = 64 * 1024

/** A field of such a name is never shown, whatever is in it. */
const HIDDEN = /pass|secret|token|key|auth|cookie|credential|session|signature|otp|pin$|cvc|cvv/i

/**
 * What a person is shown of a body before saying yes to it: for JSON objects and forms the fields
 * with the beginnings of their values, for anything else its type and size. `clean` takes out what
 * looks like a token.
 */
export function summaryOf(
  body: Uint8Array,
  type: string | null,
  clean: (text: string) => string,
): string {
  if (body.byteLength === 0) return 'none'
  const [said = ''] = (type ?? 'no type').split(';', 1)
  const size = `${short(printable(clean(said)))}, ${body.byteLength} bytes`
  const fields = body.byteLength > LARGEST_READ ? null : fieldsOf(body, type ?? '', clean)
  if (!fields) return size
  const shown = fields
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => `${name}: ${HIDDEN.test(name) ? '[hidden]' : value}`)
  const more = fields.length > MOST_FIELDS ? [`and ${fields.length - MOST_FIELDS} more`] : []
  return cut(printable([size, ...shown, ...more].join('; ')), LONGEST)
}

/** The text, or its beginning with how long it is: nobody is to think that he has seen the whole. */
export function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}

type Field = readonly [name: string, value: string]

/**
 * null for what is neither JSON nor a form. Tokens are taken out of the text, and of what it says: an
 * escape may hide one.
 */
function fieldsOf(
  body: Uint8Array,
  type: string,
  clean: (text: string) => string,
): readonly Field[] | null {
  try {
    const text = clean(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body))
    if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
      return [...new URLSearchParams(text)].map(([name, value]) => [
        short(clean(name)),
        short(clean(value)),
      ])
    }
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      return [['value', shape(json, clean)]]
    }
    return Object.entries(json).map(([name, value]) => [short(clean(name)), shape(value, clean)])
  } catch {
    return null
  }
}

/** Scalars as they are, what is nested by its size. */
function shape(value: unknown, clean: (text: string) => string): string {
  if (Array.isArray(value)) return `[${value.length} items]`
  if (typeof value === 'object' && value !== null) {
    return short(`{${Object.keys(value).map(clean).join(', ')}}`)
  }
  return short(typeof value === 'string' ? JSON.stringify(clean(value)) : String(value))
}

function short(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

/** A terminal and a chat show it: no control characters, and none that turn the text around. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
}
