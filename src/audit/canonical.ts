/**
 * One text for one value, whoever wrote it: JSON without blanks, the keys of every object in the
 * order of their UTF-16 code units (RFC 8785). Beyond RFC 8785, a lone surrogate is written as its
 * escape and not refused. What JSON does not know is treated as `JSON.stringify` does.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
  return `{${members.join(',')}}`
}
