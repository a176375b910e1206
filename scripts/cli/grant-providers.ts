import { misuse } from './exit.ts'

export interface ProviderFlags {
  readonly provider?: readonly string[]
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
}

interface Provider {
  readonly provider: string
  readonly access: string
  allow?: readonly { readonly method: string; readonly pattern: string }[]
  deny?: readonly string[]
}

const ALLOW = {
  form: /^([^:\s]+):\s*(\S+)\s+(\S+)$/,
  says: "'NAME:METHOD PATTERN' is expected, such as 'github:GET /repos/**'",
}
const DENY = {
  form: /^([^:\s]+):\s*(\S+)$/,
  says: "'NAME:PATTERN' is expected, such as 'github:/repos/*/secrets/**'",
}

/**
 * `providers` of a new grant, from `--provider`, `--allow` and `--deny`; undefined: none was named.
 * @throws Failure: one cannot be read, or is about a provider that is not named.
 */
export function providersOf(flags: ProviderFlags): readonly Provider[] | undefined {
  const named = new Map<string, Provider>()
  for (const text of flags.provider ?? []) {
    const { provider, access } = readProvider(text)
    if (named.has(provider)) misuse(`--provider ${provider} is there twice`)
    named.set(provider, { provider, access })
  }
  for (const text of flags.allow ?? []) addAllow(named, text)
  for (const text of flags.deny ?? []) addDeny(named, text)
  return named.size > 0 ? [...named.values()] : undefined
}

function addAllow(named: ReadonlyMap<string, Provider>, text: string): void {
  const [, name = '', methods = '', pattern = ''] = matched('--allow', text, ALLOW)
  const found = ofName(named, '--allow', name)
  const rules = methods.split(',').map((method) => ({ method, pattern }))
  found.allow = [...(found.allow ?? []), ...rules]
}

function addDeny(named: ReadonlyMap<string, Provider>, text: string): void {
  const [, name = '', pattern = ''] = matched('--deny', text, DENY)
  const found = ofName(named, '--deny', name)
  found.deny = [...(found.deny ?? []), pattern]
}

function readProvider(text: string): { readonly provider: string; readonly access: string } {
  const form = /^([^:\s]+)(?::(read|write))?$/
  const says = 'NAME, NAME:read or NAME:write is expected'
  const [, provider = '', access = 'read'] = matched('--provider', text, { form, says })
  return { provider, access }
}

function matched(flag: string, text: string, expected: typeof ALLOW): readonly string[] {
  return expected.form.exec(text) ?? misuse(`${flag} '${text}': ${expected.says}`)
}

function ofName(named: ReadonlyMap<string, Provider>, flag: string, name: string): Provider {
  return named.get(name) ?? misuse(`${flag} is about ${name}: name it with --provider ${name}`)
}
