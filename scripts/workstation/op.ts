import type { Store } from './store.ts'

/**
 * 1Password, by its command line. Names that have other characters than letters, digits, `-`, `_`, `.`
 * and blanks stand there as IDs.
 *
 * https://developer.1password.com/docs/cli/reference/commands/read
 * https://developer.1password.com/docs/cli/secret-reference-syntax
 */
export const op: Store = {
  scheme: 'op',
  title: '1Password',
  form: 'op://vault/item/[section/]field',
  executable: 'op',
  install: 'https://developer.1password.com/docs/cli/get-started',
  unlock: 'unlock the app, or run `op signin`',
  atOnce: 4,
  argumentsOf: (rest) => {
    const parts = rest.split('/')
    // A query asks for a one-time password or another form of a key: neither is kept for a call.
    const isForm = [3, 4].includes(parts.length) && !parts.includes('') && !rest.includes('?')
    return isForm ? ['read', '--no-newline', `op://${rest}`] : null
  },
  // It ends with 1 whatever is wrong, and says what in words.
  refusalOf: ({ complaint }) => {
    if (/sign(?:ed)? ?in|session|authori[sz]|locked|dismissed|no accounts/i.test(complaint)) {
      return 'locked'
    }
    return /isn't an? |could not (?:find|get) |not found|no item/i.test(complaint)
      ? 'missing'
      : 'unclear'
  },
}
