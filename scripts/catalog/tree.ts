import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'

import type { Path } from './problem.ts'
import { isMapping, plainScalar } from './word.ts'
import type { Tree } from './word.ts'

/** How many values the aliases of one file may stand for, all together. */
const EXPANSION = 10_000

interface Fault {
  readonly offset: number
  readonly path: Path
  readonly message: string
}

interface Read {
  readonly tree: Tree
  readonly size: number
}

/** Turns the nodes of one document into a tree, with aliases (`*name`) and merges (`<<`) resolved. */
export class TreeReader {
  readonly faults: Fault[] = []
  /** True when what was read is not what the file says. */
  broken = false
  readonly #lineOf: (offset: number) => number
  readonly #anchors = new Map<string, Node>()
  readonly #targets = new Map<Alias, Node>()
  readonly #done = new Map<Node, Read>()
  #expanded = 0

  constructor(lineOf: (offset: number) => number) {
    this.#lineOf = lineOf
  }

  read(root: Node | null): Tree {
    return this.#node(root, []).tree
  }

  /** The node that an alias stands for; any other node is itself. */
  target(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node
  }

  /** The entry of a map, its own or a merged one. */
  entry(map: YAMLMap<Node, Node | null>, name: string): Pair<Node, Node | null> | null {
    const own = map.items.find(({ key }) => keyOf(key) === name)
    if (own) return own
    const merge = map.items.find(({ key }) => isMerge(key))
    const value = this.target(merge?.value ?? null)
    const sources = isSeq<Node>(value) ? value.items.map((item) => this.target(item)) : [value]
    for (const source of sources) {
      const found = isMap<Node, Node | null>(source) ? this.entry(source, name) : null
      if (found) return found
    }
    return null
  }

  #node(node: Node | null, path: Path): Read {
    if (node === null) return { tree: plainScalar(''), size: 1 }
    if (isAlias(node)) return this.#alias(node, path)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    const read = this.#plain(node, path)
    if (node.anchor !== undefined) this.#done.set(node, read)
    return read
  }

  #plain(node: Node, path: Path): Read {
    if (isMap<Node, Node | null>(node)) return this.#map(node, path)
    if (isSeq<Node>(node)) return this.#list(node, path)
    return { tree: isScalar(node) ? scalar(node) : '', size: 1 }
  }

  #list(list: YAMLSeq<Node>, path: Path): Read {
    const items = list.items.map((item, index) => this.#node(item, [...path, index]))
    return { tree: items.map(({ tree }) => tree), size: sum(items) }
  }

  #map(map: YAMLMap<Node, Node | null>, path: Path): Read {
    const entries = new Map<string, Read>()
    const first = new Map<string, Node>()
    const merged: Read[] = []
    for (const { key, value } of map.items) {
      const name = keyOf(key)
      if (name === null) {
        this.#fault(key, path, 'a key must be a single piece of text')
      } else if (this.#isNew(name, key, [...path, name], first)) {
        const read = this.#node(value, [...path, name])
        if (isMerge(key)) merged.push(...this.#merge(read, key, path))
        else entries.set(name, read)
      }
    }
    for (const { tree } of merged) addMissing(entries, tree)
    const own = [...entries].map(([name, { tree }]) => [name, tree] as const)
    return { tree: Object.fromEntries(own), size: sum([...entries.values()]) }
  }

  #isNew(name: string, key: Node, path: Path, first: Map<string, Node>): boolean {
    const before = first.get(name)
    first.set(name, before ?? key)
    if (before !== undefined) {
      this.#fault(key, path, `given twice; first on line ${this.#lineOf(offset(before))}`)
    }
    if (name === '__proto__') this.#fault(key, path, 'this name cannot be a key')
    return before === undefined && name !== '__proto__'
  }

  #merge(read: Read, key: Node, path: Path): Read[] {
    const maps = Array.isArray(read.tree) ? (read.tree as readonly Tree[]) : [read.tree]
    if (maps.every(isMapping)) return maps.map((tree) => ({ tree, size: read.size }))
    this.#fault(key, [...path, '<<'], 'expected a map or a list of maps to merge')
    return []
  }

  #alias(alias: Alias, path: Path): Read {
    const target = this.#anchors.get(alias.source)
    const read = target && this.#done.get(target)
    if (!target) return this.#stop(alias, path, 'there is no &anchor of this name before here')
    if (!read) return this.#stop(alias, path, 'this alias stands for itself')
    this.#targets.set(alias, target)
    this.#expanded += read.size
    if (this.#expanded <= EXPANSION) return read
    return this.#stop(alias, path, `the aliases stand for more than ${EXPANSION} values`)
  }

  #stop(node: Node, path: Path, message: string): Read {
    if (!this.broken) this.#fault(node, path, message)
    this.broken = true
    return { tree: '', size: 1 }
  }

  #fault(node: Node, path: Path, message: string): void {
    this.faults.push({ offset: offset(node), path, message })
  }
}

/** Where a node begins in the text. */
export function offset(node: Node | null): number {
  return node?.range?.[0] ?? 0
}

function scalar(node: Scalar): Tree {
  return node.type === 'PLAIN' && node.tag === undefined ? plainScalar(textIn(node)) : textIn(node)
}

/** The parser makes text of every scalar, unless a %YAML line tells it otherwise. */
function textIn({ value, source }: Scalar): string {
  return typeof value === 'string' ? value : (source ?? '')
}

/** A key is text whatever it looks like: `on:` is the key "on". */
function keyOf(key: Node | null): string | null {
  return isScalar(key) ? textIn(key) : null
}

function isMerge(key: Node | null): boolean {
  return isScalar(key) && key.type === 'PLAIN' && textIn(key) === '<<'
}

/** Merged entries never replace what a map says itself, nor what an earlier merge said. */
function addMissing(entries: Map<string, Read>, merged: Tree): void {
  if (!isMapping(merged)) return
  for (const [name, tree] of Object.entries(merged)) {
    if (!entries.has(name)) entries.set(name, { tree, size: 1 })
  }
}

function sum(reads: readonly Read[]): number {
  return reads.reduce((total, { size }) => total + size, 1)
}
