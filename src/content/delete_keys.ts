import { Unreadable } from './content.ts'

const SPACE = String.raw`(?: xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/")?`

/** The whole, and in it one object after the other: elements with text alone, and one `Key` in each. */
const WHOLE = new RegExp(
  String.raw`^\s*(?:<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?(?: standalone="(?:yes|no)")?\s*\?>)?\s*` +
    String.raw`<Delete${SPACE}>(.*)<\/Delete>\s*$`,
  's',
)
const PART = /\s*(?:<Object>([^]*?)<\/Object>|<Quiet>(?:true|false)<\/Quiet>|$)/y
const FIELD = /\s*(?:<(Key|VersionId|ETag|LastModifiedTime|Size)>([^<]*)<\/\1>|$)/y

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MOST = 1000

/**
 * The keys in the body of S3's DeleteObjects. It is taken as SDKs write it: elements without attributes,
 * text, references to characters; no comment, no CDATA, no document type, no prefix.
 * @throws Unreadable
 */
export function deleteKeys(bytes: Uint8Array): readonly string[] {
  const inside = WHOLE.exec(decoded(bytes))?.[1]
  if (inside === undefined) throw unreadable()
  const keys = each(PART, inside)
    .flatMap(([, fields]) => fields ?? [])
    .map(keyIn)
  if (keys.length > MOST) throw unreadable()
  return keys
}

function keyIn(object: string): string {
  const [key, other] = each(FIELD, object).flatMap(([, name, value]) =>
    name === 'Key' && value !== undefined ? [value] : [],
  )
  if (key === undefined || other !== undefined) throw unreadable()
  return plain(key)
}

/** The matches that the text is made of, up to its end. */
function each(pattern: RegExp, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = []
  pattern.lastIndex = 0
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (!match) throw unreadable()
    found.push(match)
  }
  return found
}

function plain(text: string): string {
  // XML makes another line end of it.
  if (text.includes('\r')) throw unreadable()
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));|&/gi, (...found) => {
    const [, decimal, hex, name]: (string | undefined)[] = found
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    const char = name === undefined ? charOf(code) : NAMED.get(name)
    if (char === undefined) throw unreadable()
    return char
  })
}

function charOf(code: number): string | undefined {
  const isText = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  return isText ? String.fromCodePoint(code) : undefined
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unreadable()
  }
}

function unreadable(): Unreadable {
  return new Unreadable('the keys to be deleted cannot be read in one way')
}
