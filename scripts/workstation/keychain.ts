import { isPrivateKey } from './private-key.ts'
import { partsOf } from './store.ts'
import type { Store } from './store.ts'

const UTF8 = { fatal: true, ignoreBOM: true }

/** The low bytes of errSecItemNotFound (-25300), and of what asks for a person, or got a "no" from one. */
const NOT_FOUND = 44
const LOCKED: ReadonlySet<number | null> = new Set([
  36, // errSecInteractionNotAllowed, -25308
  51, // errSecAuthFailed, -25293
  128, // userCanceledErr, -128
])

/**
 * Generic passwords in the macOS Keychain.
 *
 * security(1), `find-generic-password`, and the form that it prints: SecurityTool/macOS/security.1 and
 * keychain_find.c in https://github.com/apple-oss-distributions/Security
 * Exit codes: https://developer.apple.com/documentation/security/security-framework-result-codes
 */
export const keychain: Store = {
  scheme: 'keychain',
  title: 'Keychain',
  form: 'keychain://service[/account]',
  executable: 'security',
  install: 'it is a part of macOS',
  unlock: 'unlock the keychain, or run `security unlock-keychain`, and allow the access',
  // Each item asks for itself, until "Always Allow".
  atOnce: 1,
  argumentsOf: (rest) => {
    const [service, account, ...more] = partsOf(rest) ?? []
    if (service === undefined || more.length > 0) return null
    const named = account === undefined ? [] : ['-a', account]
    return ['find-generic-password', '-s', service, ...named, '-w']
  },
  refusalOf: ({ code }) => {
    if (code === NOT_FOUND) return 'missing'
    return LOCKED.has(code) ? 'locked' : 'unclear'
  },
  secretIn: (printed) => {
    const text = textOfHex(printed.trimEnd())
    if (text === null) return printed
    return isPrivateKey(text) ? text : { unfit: 'hex' }
  },
}

/**
 * The text whose hexadecimal form this is: `security` prints a password so that is not all printable
 * ASCII, without a word on that. null: it is as it was stored. A key that is itself hexadecimal stands
 * for bytes that are no text.
 */
function textOfHex(printed: string): string | null {
  if (!/^(?:[0-9a-f]{2})+$/.test(printed)) return null
  try {
    const text = new TextDecoder('utf-8', UTF8).decode(Buffer.from(printed, 'hex'))
    return /[^ -~]/.test(text) && !/[^\P{Cc}\t\r\n]/u.test(text) ? text : null
  } catch {
    return null
  }
}
