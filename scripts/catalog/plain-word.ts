import { Wrong } from './problem.ts'
import { booleanOf } from './word.ts'
import type { Word } from './word.ts'

/**
 * What an unquoted word is where no key says it. Elsewhere the key says what `no` and `0123` mean;
 * here nobody knows, so they are refused.
 */
export function plainWord(found: Word): string | number | boolean | Wrong {
  if (found.kind === 'null') return new Wrong('expected a value, found nothing')
  if (found.kind === 'bool') {
    const sure = /^(?:true|false)$/i.test(found.text)
    const read = sure ? booleanOf(found) : undefined
    return read ?? new Wrong('write true or false, or put quotes around a text')
  }
  const number = Number(found.text.replaceAll('_', ''))
  const octal = /^[-+]?0[\d_]/.test(found.text)
  return octal || !Number.isFinite(number)
    ? new Wrong('write a number without leading zeros, or put quotes around a text')
    : number
}
