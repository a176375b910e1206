import { isPrivateKey } from './private-key.ts'
import { partsOf } from './store.ts'
import type { Store } from './store.ts'

/**
 * The password store of https://www.passwordstore.org, whose convention is that the first line is the
 * password. An entry that is a private key is one as a whole. pass(1): https://git.zx2c4.com/password-store/about/
 */
export const pass: Store = {
  scheme: 'pass',
  title: 'pass',
  form: 'pass://path/of/the/entry',
  executable: 'pass',
  install: 'https://www.passwordstore.org',
  unlock: 'see that gpg can ask you for the passphrase of its key',
  atOnce: 4,
  argumentsOf: (rest) => {
    const parts = partsOf(rest)
    if (!parts || parts.some((part) => /^\.{1,2}$|\//.test(part))) return null
    return ['show', '--', parts.join('/')]
  },
  refusalOf: ({ complaint }) => {
    if (/is not in the password store|password store is empty/.test(complaint)) return 'missing'
    return /gpg|pinentry|decrypt/i.test(complaint) ? 'locked' : 'unclear'
  },
  secretIn: (printed, args) => {
    if (isPrivateKey(printed)) return printed
    const [first = ''] = printed.split(/\r?\n/, 1)
    // Of a folder it prints the name and what is in it.
    return first === args.at(-1) ? { unfit: 'folder' } : first
  },
  pipe: 'head -n 1',
}
