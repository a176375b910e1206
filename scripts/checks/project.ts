import { cpSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The checkout that is checked. */
export const ROOT = join(import.meta.dirname, '../..')

/** What makes a project, beside the providers and hosts that it is filled with. */
const COPIED = ['src', 'scripts', 'package.json', 'tsconfig.json', 'wrangler.toml']

/** Copies the checkout's own code into a folder, without what is generated from its configuration. */
export function copyCheckout(to: string): void {
  const filter = (from: string) => basename(from) !== 'generated'
  for (const name of COPIED) cpSync(join(ROOT, name), join(to, name), { recursive: true, filter })
}
