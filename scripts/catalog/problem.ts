/** Where something stands in a configuration file: keys and list indexes from the top. */
export type Path = readonly (string | number)[]

/** One thing wrong with a configuration file, for a person with that file open. */
export interface Problem {
  readonly file: string
  /** Both count from 1. */
  readonly line: number
  readonly column: number
  /** `forwarding.allow[3].pattern`; empty when the text is not even YAML. */
  readonly path: string
  readonly message: string
  /** The file of the alias that inherits what stands here, and that it is a problem for. */
  readonly via?: string
}

/** What a reader of one value returns instead of the value. The message never contains a secret. */
export class Wrong {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** `providers/x.yaml:12:5  forwarding.deni: unknown key; did you mean "deny"?` */
export function formatProblem({ file, line, column, path, message, via }: Problem): string {
  const told = `${file}:${line}:${column}  ${path === '' ? '' : `${path}: `}${message}`
  return via === undefined ? told : `${told} (inherited by ${via})`
}

/**
 * In the order in which a person goes through the files; what is there twice is there once, and what
 * is wrong with a file itself is not told again for each alias that inherits it.
 */
export function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const own = problems.filter(({ via }) => via === undefined)
  const told = new Set(own.map((each) => formatProblem(each)))
  const inherited = problems.filter(
    ({ via, ...rest }) => via !== undefined && !told.has(formatProblem(rest)),
  )
  const unique = new Map([...own, ...inherited].map((each) => [formatProblem(each), each]))
  return Array.from(unique.values()).toSorted(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
  )
}

/** Code-unit order, which is the same on every machine. */
export function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function showPath(path: Path): string {
  return path.reduce<string>((text, step) => text + showStep(step, text === ''), '')
}

function showStep(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`
  if (!/^[\w-]+$/.test(step)) return `[${shortened(step)}]`
  return first ? step : `.${step}`
}

/** A text of the file in quotes, on one line and not long. Not for anything that may be a secret. */
export function shortened(text: string): string {
  return JSON.stringify(text.length > 48 ? `${text.slice(0, 45)}…` : text)
}
