import { CONNECT, OTHER, VALUE } from '../world.ts'
import { serve } from './http.ts'
import type { Asked, Told } from './http.ts'

interface Item {
  readonly id: string
  readonly title: string
  readonly state?: string
  readonly sections?: readonly unknown[] | null
  readonly fields?: readonly unknown[]
}

const VAULTS = [
  { id: CONNECT.vault, name: 'API Keys' },
  { id: 'bonaiwtdvgclrixbt6ztpqcxnq', name: 'Twice' },
  { id: 'conaiwtdvgclrixbt6ztpqcxnq', name: 'twice' },
]

const field = (id: string, label: string, value: unknown, section?: string): unknown => ({
  id,
  label,
  value,
  type: 'CONCEALED',
  ...(section !== undefined && { section: { id: section } }),
})

const item = (n: number, title: string, rest: Partial<Item> = {}): Item => ({
  id: `${String(n).padStart(2, '0')}eflcy7f5mk7vg6zrzf5rjj`.padEnd(26, 'y'),
  title,
  fields: [field('password', 'password', VALUE)],
  ...rest,
})

const ITEMS: readonly Item[] = [
  {
    id: CONNECT.item,
    title: 'Stripe',
    sections: [
      { id: 'add more' },
      { id: 'sec1', label: 'Live' },
      { id: 'sec2', label: 'Test' },
      { label: 'no id' },
    ],
    fields: [
      field('username', 'username', 'somebody'),
      field('password', 'password', VALUE),
      field('f1', 'publishable-key', 'pk', 'add more'),
      field('f2', 'api key', VALUE, 'sec1'),
      field('f3', 'api key', OTHER, 'sec2'),
      field('f4', 'only here', VALUE, 'sec2'),
      field('f5', 'empty', '', 'sec2'),
      field('f6', 'number', 7),
      { id: 'f7', label: 'no value', type: 'STRING' },
      field('f8', 'seen', 'in no section'),
      field('f9', 'seen', 'in a section', 'sec1'),
      field('f10', 'double', VALUE),
      field('f11', 'double', OTHER),
    ],
  },
  item(1, 'Old', { state: 'ARCHIVED' }),
  item(2, 'Double'),
  item(3, 'double'),
  item(4, 'Restored', { state: 'DELETED' }),
  item(5, 'Restored'),
  item(6, 'No fields', { fields: [], sections: null }),
  item(7, 'Stripe Test'),
]

/**
 * A 1Password Connect server, as its specification 1.7.1 has it:
 * https://github.com/1Password/connect/blob/main/docs/openapi/spec.yaml
 */
export function startConnect(): Promise<string> {
  return serve((asked) => {
    const { headers, method } = asked
    if (headers.authorization !== `Bearer ${CONNECT.token}`) {
      return error(401, 'Invalid token signature')
    }
    return method === 'GET' ? answer(asked) : error(405, 'method')
  })
}

function answer({ parts, query }: Asked): Told {
  const [, vault, itemId] = /^v1\/vaults(?:\/([^/]+)\/items(?:\/([^/]+))?)?$/.exec(
    parts.join('/'),
  ) ?? [undefined, 'none']
  if (vault === undefined) return filtered(VAULTS, 'name', query.get('filter'))
  const ids = [vault, itemId ?? vault]
  if (!ids.every((id) => /^[\da-z]{26}$/.test(id))) return error(400, 'no UUID')
  if (vault === CONNECT.closed) return error(403, `vault ${vault} is not in scope`)
  if (vault !== CONNECT.vault) return error(404, `vault ${vault} not found`)
  if (itemId !== undefined) return full(itemId)
  const summaries = ITEMS.map(({ fields: _fields, ...rest }) => rest)
  return filtered(summaries, 'title', query.get('filter'))
}

function full(id: string): Told {
  const found = ITEMS.find((each) => each.id === id)
  return found ? { status: 200, json: found } : error(404, `item ${id} not found`)
}

/** Stands for what SCIM says of `eq`: case is ignored unless an attribute is case-exact. */
function filtered<Key extends string>(
  list: readonly Readonly<Record<Key, string>>[],
  key: Key,
  filter: string | null,
): Told {
  if (filter === null) return { status: 200, json: list }
  const [, attribute, value] = /^(\w+) eq "([^"\\]*)"$/.exec(filter) ?? []
  if (attribute !== key || value === undefined) return error(400, 'Invalid filter')
  const wanted = value.toLowerCase()
  return { status: 200, json: list.filter((each) => each[key].toLowerCase() === wanted) }
}

function error(status: number, message: string): Told {
  return { status, json: { status, message: `${message} ${CONNECT.token} ${VALUE}` } }
}
