import fc from 'fast-check'
import { buildSchema, execute, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'

import { chosen, readDocument, selected } from '../../src/protocols/graphql_document.ts'

const NAMES = ['create', 'update', 'remove', 'wipe']
const fields = NAMES.map((name) => `${name}: Node`).join('\n')
const schema = buildSchema(`
  type Node { id: ID child: Node ${fields} }
  type Query { ${fields} }
  type Mutation { ${fields} }
`)

/** The fields of the root that a server really resolves, and how deep and with how many aliases. */
function executed(text: string, operationName: string): Set<string> {
  const done = new Set<string>()
  const rootValue = Object.fromEntries(
    NAMES.map((name) => [name, () => (done.add(name), { id: 1 })]),
  )
  void execute({ schema, document: parse(text), rootValue, operationName })
  return done
}

const alias = fc.option(fc.constantFrom('x', 'y', ...NAMES), { nil: undefined, freq: 3 })
const directive = fc.constantFrom(
  '',
  ' @include(if: true)',
  ' @skip(if: false)',
  ' @skip(if: true)',
)
const comment = fc.constantFrom('', ' # } wipe {\n', ',', '\r\n')
const field = fc
  .tuple(alias, fc.constantFrom(...NAMES), directive, comment)
  .map(([as, name, on, after]) => `${as === undefined ? '' : `${as}: `}${name}${on} { id }${after}`)

const LAST = 5

/** Selections with fragments that a generator gives out by number: F3 spreads only F4 and later ones. */
function selections(type: string, from: number, depth: number): fc.Arbitrary<string> {
  const spread = fc
    .tuple(fc.integer({ min: Math.min(from, LAST), max: LAST }), directive)
    .map(([n, on]) => `...F${n}${on}`)
  const inner = depth > 0 ? selections(type, from, depth - 1) : field
  const inline = fc
    .tuple(fc.constantFrom('', ` on ${type}`), directive, inner)
    .map(([on, how, within]) => `...${on}${how} { ${within} }`)
  const one = fc.oneof(field, inline, ...(from <= LAST ? [spread] : []))
  return fc.array(one, { minLength: 1, maxLength: 4 }).map((all) => all.join(' '))
}

const text = fc.constantFrom('Query', 'Mutation').chain((type) =>
  fc
    .tuple(
      selections(type, 0, 2),
      fc.tuple(...[1, 2, 3, 4, 5, 6].map((next) => selections(type, next, 1))),
      fc.boolean(),
    )
    .map(([root, fragments, first]) => {
      const operation = `${type.toLowerCase()} Chosen { ${root} }`
      const other = 'query Other { create { id } }'
      const definitions = fragments.map((each, n) => `fragment F${n} on ${type} { ${each} }`)
      return [...(first ? [other, operation] : [operation, other]), ...definitions].join('\n')
    }),
)

describe('whatever fragments, aliases and directives', () => {
  it('no field that a server resolves is missing from what is judged', () => {
    let resolved = 0
    fc.assert(
      fc.property(text, (document) => {
        const read = readDocument(document)
        const { type, fields: found } = selected(read, chosen(read, 'Chosen'))
        expect(document).toContain(`${type} Chosen`)
        const done = executed(document, 'Chosen')
        resolved += done.size
        expect(found).toEqual(expect.arrayContaining([...done]))
      }),
      { numRuns: 300 },
    )
    // A generator whose documents no server takes would prove nothing.
    expect(resolved).toBeGreaterThan(300)
  })

  it('the documents of this test are valid but for what merges badly', () => {
    const [sample = ''] = fc.sample(text, { numRuns: 1, seed: 7 })
    const faults = validate(schema, parse(sample)).map(({ message }) => message)
    expect(faults.filter((each) => !/conflict|never used/i.test(each))).toEqual([])
  })

  it('text that is not made for it is read, or refused as unreadable', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...'{}()[]"\\#:,.$@!|&= \n\rabquery…'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(noise, (document) => {
        try {
          const read = readDocument(document)
          selected(read, chosen(read, null))
        } catch (error) {
          expect(String(error)).toMatch(/GraphQL|carriage return/)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
