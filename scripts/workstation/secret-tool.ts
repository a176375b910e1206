import { decoded, isArgument } from './store.ts'
import type { Store } from './store.ts'

/**
 * The Secret Service of a Linux desktop (GNOME Keyring, KWallet, KeePassXC), by `secret-tool`.
 *
 * secret-tool(1), https://manpages.debian.org/bookworm/libsecret-tools/secret-tool.1.en.html
 * It ends with 1 when nothing matches, and when something fails; only then it says so
 * (tool/secret-tool.c in https://gitlab.gnome.org/GNOME/libsecret).
 */
export const secretTool: Store = {
  scheme: 'secret-tool',
  title: 'Secret Service',
  form: 'secret-tool://attribute=value[&attribute=value…]',
  executable: 'secret-tool',
  install: 'the package libsecret-tools, or libsecret',
  unlock: 'log in to the desktop, and unlock the keyring',
  atOnce: 4,
  argumentsOf: (rest) => {
    const words = rest.split('&').map((pair) => pair.split('=').map(decoded))
    const isForm = words.every((pair) => pair.length === 2 && pair.every(isArgument))
    return isForm ? ['lookup', '--', ...words.flat().filter(isArgument)] : null
  },
  refusalOf: ({ code, complaint }) => {
    if (code === 1 && complaint.trim() === '') return 'missing'
    return /lock|prompt|dismissed|D-?Bus|org\.freedesktop/i.test(complaint) ? 'locked' : 'unclear'
  },
}
