import { Unreadable } from '../content/content.ts'

/**
 * What a request says that its body is, in lower case and without parameters; '' when it says nothing.
 * @throws Unreadable for a header that came twice, for a body in a coding, and for one that is not UTF-8
 */
export function bodyType(headers: Headers): string {
  const coding = headers.get('content-encoding')
  if (coding !== null && coding.trim().toLowerCase() !== 'identity') {
    throw new Unreadable('a body that has to be read may not be compressed')
  }
  const said = headers.get('content-type')
  if (said === null) return ''
  if (said.includes(',')) throw new Unreadable('Content-Type was sent twice')
  const [type = '', ...parameters] = said.toLowerCase().split(';')
  if (!parameters.every(isReadable)) throw new Unreadable('a body that has to be read is in UTF-8')
  return type.trim()
}

/** Whether a parameter leaves the text in UTF-8. */
function isReadable(parameter: string): boolean {
  const [name = '', value = ''] = parameter.split('=', 2)
  return name.trim() !== 'charset' || /^\s*(?:utf-?8|"utf-?8")\s*$/.test(value)
}
