import { Wrong } from '../catalog/problem.ts'
import { printable } from '../cli/printable.ts'
import { doppler } from './doppler.ts'
import { infisical } from './infisical.ts'
import { keychain } from './keychain.ts'
import { op } from './op.ts'
import { pass } from './pass.ts'
import { secretTool } from './secret-tool.ts'
import type { Store } from './store.ts'

/** Every store that can be asked. */
export const STORES: readonly Store[] = [op, keychain, secretTool, pass, infisical, doppler]

/** Where a secret is kept. It is no secret itself. */
export interface Reference {
  /** As it was written. */
  readonly text: string
  readonly store: Store
  /** Of the store's executable. */
  readonly args: readonly string[]
}

/** What a text refers to. What is wrong with it is said without showing it: it may be a secret. */
export function readReference(text: string): Reference | Wrong {
  const store = storeOf(text)
  if (!store) {
    const schemes = STORES.map(({ scheme }) => `${scheme}://`).join(', ')
    return new Wrong(
      `expected a reference, which begins with ${schemes}; a secret itself does not belong here`,
    )
  }
  const args = store.argumentsOf(text.slice(store.scheme.length + 3))
  if (args === null || printable(text) !== text) return new Wrong(`expected ${store.form}`)
  return { text, store, args }
}

/** Whether it begins as a reference to one of the stores does. */
export function isReference(text: string): boolean {
  return storeOf(text) !== undefined
}

function storeOf(text: string): Store | undefined {
  return STORES.find(({ scheme }) => text.startsWith(`${scheme}://`))
}
