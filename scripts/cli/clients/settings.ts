/** Where a client is to go, and as whom. */
export interface Where {
  /** Scheme, host and port of Outpost. */
  readonly url: string
  readonly provider: string
  /** The token of a grant: the agent's own, no credential of an API. */
  readonly token: string
}

/** One thing to set. */
export type Part =
  /** Lines for a POSIX shell. */
  | { readonly shell: readonly string[] }
  /** The text of a file; `comment` is what a comment begins with in its language. */
  | { readonly file: string; readonly comment: string; readonly text: readonly string[] }
  /** What a person does by hand: there is no file and no variable. */
  | { readonly steps: readonly string[] }

/** How one client is led to Outpost, as data. docs/clients.md is held to it. */
export interface ClientSettings {
  readonly name: string
  readonly title: string
  /** The provider that it is for where nothing is said. */
  readonly provider: string
  readonly settings: (where: Where) => readonly Part[]
  /** The vendor's pages that name these settings. */
  readonly pages: readonly string[]
  /** Which of it was run for these settings, in which version; or why none was. */
  readonly tried: string
  /** null, or why the client cannot reach Outpost at this address. */
  readonly unreachable?: (url: URL) => string | null
}

/** `export NAME='value'`, a line each. An empty value is set, so that it hides one from elsewhere. */
export function exported(variables: Readonly<Record<string, string>>): Part {
  return { shell: Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`) }
}

/** The base URL of a provider, without a slash at its end. */
export function baseOf({ url, provider }: Where): string {
  return `${url}/p/${provider}`
}

/** What is printed: the parts one below the other. Beside files, what is for the shell is called so. */
export function textOf(parts: readonly Part[]): readonly string[] {
  const beside = parts.some((part) => 'file' in part)
  return parts.flatMap((part, index) => [
    ...(index === 0 ? [] : ['']),
    ...(beside && 'shell' in part ? ['# In the shell:'] : []),
    ...linesOf(part),
  ])
}

function linesOf(part: Part): readonly string[] {
  if ('shell' in part) return part.shell
  if ('steps' in part) return part.steps.map((line) => `# ${line}`)
  return [`${part.comment} ${part.file}`, ...part.text]
}

/** Of clients whose makers' servers do the calling. */
export function notFromOutside({ hostname, protocol }: URL): string | null {
  if (protocol === 'https:' && hostname.includes('.') && !/^[\d.]+$/.test(hostname)) return null
  return 'its makers’ servers do the calling, so it takes an https:// address that the world can reach'
}
