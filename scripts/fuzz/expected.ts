/** What of a request line is the path and the query, as the upstream shall get it. */
export function sentAs(text: string): string {
  const [, absolute, rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)?(.*)$/is.exec(text) ?? []
  const [whole = ''] = rest.split('#', 1)
  const mark = whole.indexOf('?')
  const path = mark < 0 ? whole : whole.slice(0, mark)
  const query = mark < 0 ? '' : whole.slice(mark)
  // A target that neither is a path nor has one: workerd makes it "/" before anybody sees it.
  const read = path.startsWith('/') ? path : absolute === undefined ? '/' : `/${path}`
  return read + written(query)
}

/** A query as URL parsing writes it: see target.ts. */
function written(query: string): string {
  return query.replaceAll(/['\x80-\xff]/g, (char) => `%${hex(char)}`)
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}
