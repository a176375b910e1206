/**
 * One text for one value, whoever wrote it: JSON without blanks, the keys of every object in the
 * order of their UTF-16 code units (RFC 8785). Beyond RFC 8785, a lone surrogate is written as its
 * escape and not refused. What JSON does not know is treated as `JSON.stringify` does.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonical(each)).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  let members = ''
  for (const key of Object.keys(value).toSorted()) {
    const each = value[key]
    if (each === undefined) continue
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonical(each)}`
  }
  return `{${members}}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
