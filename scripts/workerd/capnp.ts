/** A file that goes into the configuration as it is read. */
export class Embedded {
  readonly file: string
  constructor(file: string) {
    this.file = file
  }
}

/** What a configuration is made of. */
export type Literal =
  | string
  | boolean
  | Embedded
  | readonly Literal[]
  | { readonly [field: string]: Literal }

/** A value in the text form of Cap'n Proto: https://capnproto.org/language.html#constants */
export function literal(value: Literal): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (value instanceof Embedded) return `embed ${quoted(value.file)}`
  if (isList(value)) return `[${wrapped(value.map(literal))}]`
  const fields = Object.entries(value).map(([name, each]) => `${name} = ${literal(each)}`)
  return `(${wrapped(fields)})`
}

/** On one line as long as that can be read. */
function wrapped(parts: readonly string[]): string {
  const line = parts.join(', ')
  if (line.length <= 90 && !line.includes('\n')) return line
  return `\n${parts.join(',\n').replace(/^/gm, '  ')}\n`
}

function isList(value: Literal): value is readonly Literal[] {
  return Array.isArray(value)
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, String.raw`\$&`)
  // oxlint-disable-next-line no-control-regex -- those are what has to be escaped
  const safe = escaped.replace(/[\x00-\x1f\x7f]/g, (char) => String.raw`\x${hex(char)}`)
  return `"${safe}"`
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0')
}
