import type {
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { Kind } from 'graphql/language/kinds.mjs'
import { parse } from 'graphql/language/parser.mjs'

import { Unreadable } from '../content/content.ts'

/** No query of a person is longer; a quarter of a megabyte of text may have six times as many. */
const MOST_TOKENS = 20_000

/** Brackets in brackets, in what is selected as in values. The parser goes into itself at each. */
const DEEPEST = 100

/** A sum that has grown so far is larger than any limit: fragments in fragments double it each time. */
const ENOUGH = 1_000_000

export type OperationType = 'query' | 'mutation' | 'subscription'

/** One operation of a document, with its fragments in their places. */
export interface Selected {
  readonly type: OperationType
  /** The names of the fields at the root, sorted, each once, whatever their aliases and directives. */
  readonly fields: readonly string[]
  /** How many times a field is asked for at the root. */
  readonly root_fields: number
  /** Fields in fields. */
  readonly depth: number
  readonly aliases: number
}

/** A document that can be executed: its operations by their names, which are '' for one without. */
export interface Document {
  readonly operations: ReadonlyMap<string, OperationDefinitionNode>
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/**
 * https://spec.graphql.org/September2025/#sec-Language
 * @throws Unreadable also for what two servers may execute differently: one name for two operations or
 * fragments, one without a name among others, definitions of types.
 */
export function readDocument(text: string): Document {
  const operations = new Map<string, OperationDefinitionNode>()
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of parsed(text).definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) add(operations, node.name?.value ?? '', node)
    else if (node.kind === Kind.FRAGMENT_DEFINITION) add(fragments, node.name.value, node)
    else throw new Unreadable('the GraphQL document has more than operations and fragments')
  }
  if (operations.size === 0) throw new Unreadable('the GraphQL document has no operation')
  if (operations.size > 1 && operations.has('')) {
    throw new Unreadable('an operation without a name stands alone in a GraphQL document')
  }
  return { operations, fragments }
}

function add<T>(to: Map<string, T>, name: string, node: T): void {
  if (to.has(name)) throw new Unreadable('two definitions of the GraphQL document have one name')
  to.set(name, node)
}

/**
 * What ends a line, and so a comment, for some parsers and not for others. Of U+2028 and U+2029 see
 * https://github.com/graphql-java/graphql-java/blob/master/src/main/antlr/GraphqlCommon.g4
 */
const ENDS_SOME_LINES = /\r(?!\n)|[\u2028\u2029]/

function parsed(text: string): DocumentNode {
  if (ENDS_SOME_LINES.test(text)) {
    throw new Unreadable('a carriage return alone, U+2028 and U+2029 do not end a line everywhere')
  }
  try {
    // A text of many megabytes without an end is too much for the runtime's expressions.
    if (isDeep(text)) throw tooDeep()
    return parse(text, { noLocation: true, maxLexicalTokens: MOST_TOKENS })
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw new Unreadable(
      `the GraphQL document cannot be parsed, or has more than ${MOST_TOKENS} tokens`,
    )
  }
}

/** Strings and comments, closed or not, and brackets outside of them. Takes time linear in the text. */
const PIECES =
  /"""(?:[^"\\]|\\(?:""")?|"(?!""))*(?:"""|$)|"(?:[^"\\\n\r]|\\.)*"?|#[^\n\r]*|[{}[\]()]/g

function isDeep(text: string): boolean {
  let depth = 0
  for (const [piece] of text.matchAll(PIECES)) {
    if ('{[('.includes(piece)) depth += 1
    else if ('}])'.includes(piece)) depth -= 1
    if (depth > DEEPEST) return true
  }
  return false
}

/** The operation of that name; with null, the only one. */
export function chosen({ operations }: Document, name: string | null): OperationDefinitionNode {
  const [only] = operations.values()
  const found = name !== null ? operations.get(name) : operations.size === 1 ? only : undefined
  if (found) return found
  throw new Unreadable(
    name === null
      ? 'the GraphQL document has several operations, and operationName chooses none'
      : 'the GraphQL document has no operation with that operationName',
  )
}

/** What a selection asks for, with the fragments that it spreads. */
interface Measure {
  readonly root_fields: number
  readonly depth: number
  readonly aliases: number
  /** Selections in selections and fragments in fragments. */
  readonly nesting: number
}

/**
 * What an operation asks for. Each fragment is looked at once, so that the work is linear in the
 * document, whatever its fragments would come to.
 * @throws Unreadable for a fragment that is not there, or in itself, and for too many in each other
 */
export function selected(document: Document, operation: OperationDefinitionNode): Selected {
  const { selectionSet, operation: type } = operation
  const { root_fields, depth, aliases } = new Walk(document).selection(selectionSet, 0)
  return { type, fields: fieldsOf(document, selectionSet), root_fields, depth, aliases }
}

/** The names of fields on the level of that selection, which may come out of fragments. */
function fieldsOf({ fragments }: Document, { selections }: SelectionSetNode): string[] {
  const fields = new Set<string>()
  const spread = new Set<string>()
  const left = [...selections]
  for (let node = left.pop(); node; node = left.pop()) {
    if (node.kind === Kind.FIELD) fields.add(node.name.value)
    else if (node.kind === Kind.INLINE_FRAGMENT) left.push(...node.selectionSet.selections)
    else if (!spread.has(node.name.value)) {
      spread.add(node.name.value)
      left.push(...(fragments.get(node.name.value)?.selectionSet.selections ?? []))
    }
  }
  return [...fields].toSorted()
}

class Walk {
  readonly #fragments: Document['fragments']
  readonly #known = new Map<string, Measure | 'begun'>()

  constructor({ fragments }: Document) {
    this.#fragments = fragments
  }

  selection({ selections }: SelectionSetNode, level: number): Measure {
    if (level > DEEPEST) throw tooDeep()
    const all = selections.map((each) => this.#one(each, level + 1))
    const nesting = 1 + most(all, 'nesting')
    if (nesting > DEEPEST) throw tooDeep()
    return {
      root_fields: sum(all, 'root_fields'),
      depth: most(all, 'depth'),
      aliases: sum(all, 'aliases'),
      nesting,
    }
  }

  #one(node: SelectionNode, level: number): Measure {
    if (node.kind === Kind.FRAGMENT_SPREAD) return this.#fragment(node.name.value, level)
    if (node.kind === Kind.INLINE_FRAGMENT) return this.selection(node.selectionSet, level)
    const below = node.selectionSet ? this.selection(node.selectionSet, level) : NOTHING
    return {
      root_fields: 1,
      depth: below.depth + 1,
      aliases: Math.min(ENOUGH, below.aliases + (node.alias ? 1 : 0)),
      nesting: below.nesting,
    }
  }

  #fragment(name: string, level: number): Measure {
    const known = this.#known.get(name)
    if (known === 'begun') throw new Unreadable('a fragment of the GraphQL document is in itself')
    if (known) return known
    const node = this.#fragments.get(name)
    if (!node) throw new Unreadable('the GraphQL document spreads a fragment that it does not have')
    this.#known.set(name, 'begun')
    const measure = this.selection(node.selectionSet, level)
    this.#known.set(name, measure)
    return measure
  }
}

const NOTHING: Measure = { root_fields: 0, depth: 0, aliases: 0, nesting: 0 }

type Count = 'root_fields' | 'depth' | 'aliases' | 'nesting'

function sum(all: readonly Measure[], of: Count): number {
  return all.reduce((total, each) => Math.min(ENOUGH, total + each[of]), 0)
}

function most(all: readonly Measure[], of: Count): number {
  return all.reduce((greatest, each) => Math.max(greatest, each[of]), 0)
}

function tooDeep(): Unreadable {
  return new Unreadable(`the GraphQL document is deeper than ${DEEPEST}`)
}
