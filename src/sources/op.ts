import { SourceError } from './backend.ts'
import type { Backend, Reading } from './backend.ts'
import { addressOf, at, contentOf, headerOf, textOf } from './reading.ts'
import { partsOf, pathOf, problemOf } from './reference.ts'

const SCHEME = 'op'

/** https://developer.1password.com/docs/cli/secret-reference-syntax: anything else goes by its id. */
const NAME = /^[A-Za-z0-9 ._-]+$/

const ID = /^[a-z0-9]{26}$/

/**
 * A 1Password Connect server: `op://vault/item/field` or `op://vault/item/section/field`, each by
 * name or id. https://developer.1password.com/docs/connect/api-reference
 */
export const op: Backend = {
  scheme: SCHEME,
  settings: ['OP_CONNECT_HOST', 'OP_CONNECT_TOKEN'],
  problem: (uri) => {
    const problem = problemOf(uri, SCHEME)
    if (problem !== null) return problem
    const { parts, field } = partsOf(uri, SCHEME)
    if (field !== null || parts.length < 3 || parts.length > 4) {
      return 'is not op://vault/item/field or op://vault/item/section/field'
    }
    if (parts.every((part) => NAME.test(part))) return null
    return 'has a name with a character other than letters, digits, space, ".", "_", "-": write its id instead'
  },
  missing: (isSet) => op.settings.filter((name) => !isSet(name)),
  read: async (uri, reading) => {
    const [vault = '', item = '', ...inside] = partsOf(uri, SCHEME).parts
    const vaultId = ID.test(vault)
      ? vault
      : only('vault', await listed(reading, ['vaults'], { key: 'name', name: vault }))
    const items = ['vaults', vaultId, 'items']
    const itemId = ID.test(item)
      ? item
      : only('item', await listed(reading, items, { key: 'title', name: item }))
    const content = await asked(reading, [...items, itemId])
    if (at(content, 'id') !== itemId) throw new SourceError('malformed', { why: 'another item' })
    if (isPutAway(content)) throw new SourceError('missing', { why: 'the item is in the archive' })
    return textOf(at(fieldOf(content, inside), 'value'))
  },
}

async function asked(reading: Reading, path: readonly string[], search = ''): Promise<unknown> {
  const url = `${addressOf(reading, 'OP_CONNECT_HOST')}/v1/${pathOf(path)}${search}`
  const authorization = `Bearer ${headerOf(reading, 'OP_CONNECT_TOKEN')}`
  const headers = { authorization, accept: 'application/json' }
  return contentOf(await reading.ask(new Request(url, { headers })))
}

/** Ids of the vaults or items of a name. A name has no quote, so that the filter is one comparison. */
async function listed(
  reading: Reading,
  path: readonly string[],
  { key, name }: { key: 'name' | 'title'; name: string },
): Promise<string[]> {
  const filter = encodeURIComponent(`${key} eq "${name}"`)
  const list = array(await asked(reading, path, `?filter=${filter}`))
  if (list.some((each) => typeof at(each, key) !== 'string')) throw new SourceError('malformed')
  return list
    .filter((each) => isNamed(at(each, key), name) && !isPutAway(each))
    .map((each) => {
      const id = at(each, 'id')
      if (typeof id !== 'string' || !ID.test(id)) throw new SourceError('malformed')
      return id
    })
}

/** The field that a reference means, in or out of a section. */
function fieldOf(item: unknown, inside: readonly string[]): unknown {
  const name = inside.at(-1) ?? ''
  const fields = optional(at(item, 'fields'))
  const sections = optional(at(item, 'sections'))
  const [section] = inside.length > 1 ? inside : []
  if (section !== undefined) {
    const meant = idsOf(sections, (id, label) => id === section || isNamed(label, section))
    return only(
      'field',
      called(
        name,
        fields.filter((field) => meant.has(sectionOf(field))),
      ),
    )
  }
  // A section without a label is where the apps put fields that were added without one.
  const labelled = idsOf(sections, (_id, label) => typeof label === 'string' && label !== '')
  const outside = called(
    name,
    fields.filter((field) => !labelled.has(sectionOf(field))),
  )
  return only('field', outside.length > 0 ? outside : called(name, fields))
}

function idsOf(
  sections: readonly unknown[],
  isMeant: (id: unknown, label: unknown) => boolean,
): ReadonlySet<unknown> {
  const meant = sections.filter((section) => isMeant(at(section, 'id'), at(section, 'label')))
  return new Set(meant.map((section) => at(section, 'id')).filter((id) => typeof id === 'string'))
}

function sectionOf(field: unknown): unknown {
  return at(field, 'section', 'id')
}

/** By id, which is one field at most, or by label. */
function called(name: string, fields: readonly unknown[]): unknown[] {
  const byId = fields.filter((field) => at(field, 'id') === name)
  return byId.length > 0 ? byId : fields.filter((field) => isNamed(at(field, 'label'), name))
}

/** @throws SourceError 'missing' when there is none, or more than one. */
function only<Thing>(what: string, things: readonly Thing[]): Thing {
  const [first] = things
  if (first === undefined) throw new SourceError('missing', { why: `no ${what} of this name` })
  if (things.length > 1) {
    throw new SourceError('missing', { why: `more than one ${what} of this name: write its id` })
  }
  return first
}

/** References are case-insensitive. The name is ASCII, and only ASCII letters are folded. */
function isNamed(value: unknown, name: string): boolean {
  return typeof value === 'string' && folded(value) === folded(name)
}

function folded(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function isPutAway(item: unknown): boolean {
  const state = at(item, 'state')
  return state === 'ARCHIVED' || state === 'DELETED'
}

function array(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new SourceError('malformed')
  return value
}

function optional(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : array(value)
}
