/** `; name=value` or `; name="value"`, without an escape in it (RFC 9110 §5.6.6). */
const PARAMETER = /[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([^\s"\\;,]+))/y

/** What comes behind a media type or a disposition, by lower-case name; null: not readable, or twice. */
export function parametersOf(text: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    PARAMETER.lastIndex = at
    const [whole = '', name = '', quoted, plain] = PARAMETER.exec(text) ?? []
    const lower = name.toLowerCase()
    if (whole === '' || found.has(lower)) return null
    found.set(lower, quoted ?? plain ?? '')
    at += whole.length
  }
  return found
}
