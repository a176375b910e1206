/**
 * What a terminal obeys or hides: control characters (C0, C1, DEL), bidirectional and other format
 * characters, what has no glyph. Names, notes and paths come from strangers.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text that stays on its line and moves no cursor: what is unsafe stands there as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (found) => SHORT[found] ?? `\\u{${hex(found.codePointAt(0) ?? 0)}}`)
}

/** JSON that means the same and is as safe to look at. `indent` as of `JSON.stringify`. */
export function printableJson(value: unknown, indent = 0): string {
  // Outside of strings JSON.stringify writes line feeds, and nothing else of these.
  return JSON.stringify(value, null, indent).replace(UNSAFE, (found) =>
    found === '\n' ? found : [...units(found)].map((unit) => `\\u${hex(unit, 4)}`).join(''),
  )
}

function* units(text: string): Generator<number> {
  for (let at = 0; at < text.length; at++) yield text.charCodeAt(at)
}

function hex(number: number, digits = 1): string {
  return number.toString(16).padStart(digits, '0')
}

/** East Asian wide and full-width forms, and emoji: two columns in every usual terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const MARK = /[\p{Mn}\p{Me}]/u

/** Columns of the terminal that printable text takes. */
export function columnsOf(text: string): number {
  let sum = 0
  for (const character of text) sum += columnsOfOne(character)
  return sum
}

function columnsOfOne(character: string): number {
  if (character >= ' ' && character <= '~') return 1
  if (MARK.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Text of at most so many columns; `…` stands for what was cut off. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let kept = ''
  let left = columns - 1
  for (const each of text) {
    left -= columnsOfOne(each)
    if (left < 0) break
    kept += each
  }
  return `${kept}…`
}
