import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node } from 'yaml'

import { showPath } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import { offset, TreeReader } from './tree.ts'
import type { Tree } from './word.ts'

/**
 * Our own words for the parser's errors. Its messages quote the text of the file, which may be a
 * secret, so they are never shown.
 */
const SYNTAX: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag of its own',
  BAD_ALIAS: 'this alias (*name) has no anchor (&name) before it',
  BAD_COLLECTION_TYPE: 'this tag is for another kind of value',
  BAD_DIRECTIVE: 'this % directive is not known; remove the line',
  BAD_DQ_ESCAPE: 'this \\ escape is not known; write \\\\ or use single quotes',
  BAD_INDENT: 'the indentation does not fit, or a bracket above is not closed',
  BAD_PROP_ORDER: 'anchors and tags come before the value, after the dash or colon',
  BAD_SCALAR_START: 'a value that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two colons on one line, or a list where a key should be; quotes may help',
  BLOCK_IN_FLOW: 'a block cannot be inside { } or [ ]',
  KEY_OVER_1024_CHARS: 'this key is too long',
  MISSING_CHAR: 'something is missing here: a colon, a comma, a quote or a bracket',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; is a colon missing?',
  MULTIPLE_ANCHORS: 'one anchor (&name) is enough',
  MULTIPLE_DOCS: 'a file holds one document; remove this and what follows, or make it a file',
  MULTIPLE_TAGS: 'one tag is enough',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'YAML is indented with spaces; this is a tab',
  TAG_RESOLVE_FAILED: 'tags (!name) are not supported; write the plain value',
  UNEXPECTED_TOKEN: 'this does not belong here; quotes or the indentation may be missing',
}

/** Errors about where something begins or ends. After one of them the rest of the file is guesswork. */
const SHAPE: ReadonlySet<string> = new Set([
  'BAD_INDENT',
  'BLOCK_AS_IMPLICIT_KEY',
  'BLOCK_IN_FLOW',
  'MISSING_CHAR',
  'MULTILINE_IMPLICIT_KEY',
  'UNEXPECTED_TOKEN',
])

/** A configuration file that has been read: what it says, and where it says it. */
export class YamlFile {
  readonly file: string
  /** undefined when the file cannot be read; then `problems` says why. */
  readonly tree: Tree | undefined
  readonly problems: readonly Problem[]
  readonly #lines = new LineCounter()
  readonly #root: Node | null
  readonly #reader = new TreeReader((at) => this.#lines.linePos(at).line)

  constructor(file: string, text: string) {
    this.file = file
    const parsed = parsedOrNull(text, this.#lines)
    const root = parsed?.contents ?? null
    this.#root = root
    const broken = [
      ...this.#bytes(text),
      ...(parsed === null ? [this.#deep()] : this.#syntax(parsed, text)),
    ]
    const tree = broken.length > 0 ? undefined : this.#reader.read(root)
    this.tree = this.#reader.broken ? undefined : tree
    const found = this.#reader.faults.map((each) =>
      this.#at(each.offset, showPath(each.path), each.message),
    )
    this.problems = [...broken, ...found]
  }

  /**
   * A problem with the value at `path`, or with its key. What is not in the file stands where it
   * would have to be added: at the key of the map around it.
   */
  problem(path: Path, message: string, at: 'key' | 'value' = 'value'): Problem {
    return this.#at(this.#offset(path, at), showPath(path), message)
  }

  #at(start: number, path: string, message: string): Problem {
    const { line, col } = this.#lines.linePos(start)
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), path, message }
  }

  /** Reading a file puts U+FFFD in place of what is not UTF-8. */
  #bytes(text: string): Problem[] {
    const start = text.indexOf('\uFFFD')
    return start < 0 ? [] : [this.#at(start, '', 'this is not UTF-8; save the file as UTF-8')]
  }

  #deep(): Problem {
    return this.#at(0, '', SYNTAX['RESOURCE_EXHAUSTION'] ?? '')
  }

  /**
   * One error per line, and only the first about brackets, quotes and indentation: what follows it
   * is most often its consequence.
   */
  #syntax({ errors, warnings }: Document.Parsed, text: string): Problem[] {
    const all = [...errors, ...warnings].toSorted((a, b) => a.pos[0] - b.pos[0])
    const shape = all.find(({ code }) => SHAPE.has(code))
    const found = all
      .filter((each) => each === shape || !SHAPE.has(each.code))
      .map(({ code, pos: [start] }) => {
        const star = /^\*(?=[\s,\]}]|$)/.test(text.slice(start, start + 2))
        const words = star ? 'a "*" that stands alone needs quotes: "*"' : SYNTAX[code]
        return this.#at(start, '', words ?? `this is not YAML (${code})`)
      })
    return found.filter(({ line }, index) => found.findIndex((one) => one.line === line) === index)
  }

  #offset(path: Path, at: 'key' | 'value'): number {
    let key = this.#root
    let value = this.#root
    for (const step of path) {
      const child = this.#child(this.#reader.target(value), step)
      if (child === null) return offset(key)
      key = child.key
      value = child.value
    }
    return offset(at === 'key' || isNothing(value) ? key : value)
  }

  #child(node: Node | null, step: string | number): Place | null {
    if (isMap<Node, Node | null>(node)) return this.#reader.entry(node, String(step))
    const item = isSeq<Node>(node) && typeof step === 'number' ? node.items[step] : undefined
    return item === undefined ? null : { key: item, value: item }
  }
}

interface Place {
  readonly key: Node | null
  readonly value: Node | null
}

/** `key:` has a value of no length somewhere after the colon; a person looks at the key. */
function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.range?.[0] === node.range?.[1])
}

function parsedOrNull(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    return parseDocument(text, {
      // Every scalar is text: what it means is for the key to say, and the parser is never wiser.
      schema: 'failsafe',
      lineCounter,
      // With `silent`, a second document would be dropped.
      logLevel: 'error',
      prettyErrors: false,
      uniqueKeys: false,
    })
  } catch {
    return null
  }
}
