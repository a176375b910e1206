/** A list or an object that is open where the text is being read. */
interface Frame {
  readonly isList: boolean
  /** Of an object: the name of the member that is being read. */
  name: string
  /** Where the item of a list begins. */
  from: number
  /** Of a list of tools: its items so far, as they stand in the text. */
  readonly items: string[] | null
  /** Behind the bracket. */
  readonly begin: number
}

interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

/**
 * A JSON-RPC message, or a batch of them, less those tools in a `result.tools` that may not be called;
 * null where there are none. Every other character stays as it is: a number that was written anew
 * might be another.
 */
export function withoutTools(text: string, may: (name: string) => boolean): string | null {
  if (isVeryDeep(text) || !isJson(text)) return null
  const edits = new Scan(text, may).edits()
  return edits.length === 0 ? null : edited(text, edits)
}

/** A batch, a message, its result, the list. */
const DEEPEST = 4

/** One pass over a text that is JSON. */
class Scan {
  readonly #text: string
  readonly #may: (name: string) => boolean
  readonly #open: Frame[] = []
  readonly #edits: Edit[] = []
  /** Brackets that are open below those of `#open`. */
  #deeper = 0
  #last = ''

  constructor(text: string, may: (name: string) => boolean) {
    this.#text = text
    this.#may = may
  }

  edits(): readonly Edit[] {
    for (let at = 0; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? ''
      if (char === '"') {
        const end = endOfString(this.#text, at)
        this.#last = this.#text.slice(at, end)
        at = end - 1
      } else if ('[{]}:,'.includes(char)) {
        this.#mark(char, at)
      }
    }
    return this.#edits
  }

  #mark(char: string, at: number): void {
    const top = this.#open.at(-1)
    if (this.#isDeeper(char)) return
    if (char === '[' || char === '{') this.#open.push(opened(char === '[', this.#open, at + 1))
    else if (char === ']' || char === '}') this.#close(at)
    else if (char === ':' && top) top.name = nameIn(this.#last)
    else if (top?.items) {
      top.items.push(this.#text.slice(top.from, at))
      top.from = at + 1
    }
  }

  /** Nothing is kept of what stands deeper than a list of tools may: it may be a million levels deep. */
  #isDeeper(char: string): boolean {
    if (this.#open.length < DEEPEST) return false
    if (char === '[' || char === '{') this.#deeper += 1
    else if (this.#deeper === 0) return false
    else if (char === ']' || char === '}') this.#deeper -= 1
    return true
  }

  #close(at: number): void {
    const top = this.#open.pop()
    if (!top?.items) return
    const text = pruned(top.items, this.#text.slice(top.from, at), this.#may)
    if (text !== null) this.#edits.push({ from: top.begin, to: at, text })
  }
}

/** No list of tools is so deep, and the runtime's reader would fill the memory with it. */
const VERY_DEEP = 1000

const STEPS = new Map([
  ['[', 1],
  ['{', 1],
  [']', -1],
  ['}', -1],
])

function isVeryDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length && depth <= VERY_DEEP; at += 1) {
    const char = text[at] ?? ''
    if (char === '"') quoted = !quoted
    else if (quoted) at += char === '\\' ? 1 : 0
    else depth += STEPS.get(char) ?? 0
  }
  return depth > VERY_DEEP
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function opened(isList: boolean, open: readonly Frame[], begin: number): Frame {
  const items = isList && isToolList(open) ? [] : null
  return { isList, name: '', from: begin, items, begin }
}

/** `result.tools` of a message, which may stand in a batch. */
function isToolList(open: readonly Frame[]): boolean {
  const [message, result, more] = open[0]?.isList ? open.slice(1) : open
  return (
    message?.name === 'result' &&
    result?.name === 'tools' &&
    !more &&
    !message.isList &&
    !result.isList
  )
}

/** Behind the closing quote. */
function endOfString(text: string, from: number): number {
  let at = from + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Most names are written as they are. */
function nameIn(token: string): string {
  if (!token.includes('\\')) return token.slice(1, -1)
  const name: unknown = JSON.parse(token)
  return typeof name === 'string' ? name : ''
}

/** What then stands between the brackets; null: what stood there. */
function pruned(
  items: readonly string[],
  last: string,
  may: (name: string) => boolean,
): string | null {
  const all = [...items, last].filter((item) => item.trim() !== '')
  const kept = all.filter((item) => isKept(JSON.parse(item), may))
  return kept.length === all.length ? null : kept.join(',')
}

/** What has no name cannot be called. */
function isKept(tool: unknown, may: (name: string) => boolean): boolean {
  if (typeof tool !== 'object' || tool === null || !('name' in tool)) return false
  return typeof tool.name === 'string' && may(tool.name)
}

function edited(text: string, edits: readonly Edit[]): string {
  const parts: string[] = []
  let at = 0
  for (const { from, to, text: instead } of edits) {
    parts.push(text.slice(at, from), instead)
    at = to
  }
  return [...parts, text.slice(at)].join('')
}
