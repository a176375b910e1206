import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { GenericSchema } from 'valibot'

/** The parts of a valibot schema that say what to make. */
interface Shape {
  readonly type: string
  readonly pipe?: readonly Action[]
  readonly entries?: Readonly<Record<string, GenericSchema>>
  readonly item?: GenericSchema
  readonly wrapped?: GenericSchema
  readonly options?: readonly unknown[]
  readonly literal?: unknown
}

interface Action {
  readonly kind: string
  readonly type: string
  readonly requirement?: unknown
  readonly message?: unknown
}

/** What a check in words is about, where no expression says it. */
const CHECKED: readonly (readonly [RegExp, Arbitrary<unknown>])[] = [
  [/^a path pattern/, fc.constantFrom('/', '/**', '/repos/*/issues', '/{owner}/x%20y', '/a/**/b')],
  [/^an address or a range/, fc.constantFrom('192.0.2.0/24', '::/0', '2001:db8::1', '10.0.0.1')],
  [/^a method such as GET, or/, fc.constantFrom('get', 'GET', '*', 'post', 'PROPFIND')],
  [/^a date that exists/, fc.constantFrom('2026-11-22', '2026-02-28T23:59:59.999+01:00')],
  [/^text without control/, fc.string({ unit: 'grapheme', maxLength: 200 })],
  // Few, since a list of all asks each of them.
  [/^1 to 64 letters/, fc.constantFrom('default', 'acme', 'fuzz', 'a_B-9'.repeat(12))],
  [/^the name of a provider/, fc.constantFrom('plain', 'bearer', 'Stored', 'nowhere')],
  [/^the "next"/, fc.constantFrom('default/', 'acme/7', 'default/x', '12')],
]

/** Inputs that a schema lets pass, or nearly: what several fields have to agree on is left open. */
export function inputsOf(schema: GenericSchema): Arbitrary<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- valibot's own fields
  const {
    type,
    pipe = [],
    entries = {},
    item,
    wrapped,
    options = [],
    literal,
  } = schema as never as Shape
  const words = [...pipe, ...pipe.flatMap((each) => (each as never as Shape).pipe ?? [])]
  const checked = CHECKED.find(([about]) =>
    words.some(({ message }) => about.test(String(message))),
  )
  if (checked) return checked[1]
  const required = (name: string) => words.find((each) => each.type === name)?.requirement as never
  switch (type) {
    case 'string': {
      const form = required('regex') as RegExp | undefined
      if (
        words.some((each) => each.type === 'transform') &&
        words.some((each) => each.type === 'integer')
      ) {
        return fc
          .integer({ min: required('min_value'), max: Math.min(required('max_value'), 1000) })
          .map(String)
      }
      return form ? fc.stringMatching(form) : fc.string({ maxLength: 100 })
    }
    case 'number':
      return fc.integer({
        min: required('min_value'),
        max: Math.min(required('max_value'), 2 ** 31),
      })
    case 'picklist':
      return fc.constantFrom(...options)
    case 'literal':
      return fc.constant(literal)
    case 'array': {
      const [min, max] = [required('min_length') as number, required('max_length') as number]
      return fc.array(inputsOf(item as never), {
        minLength: min,
        maxLength: Math.min(max, min + 3),
      })
    }
    case 'nullable':
      return fc.option(inputsOf(wrapped as never))
    case 'exact_optional':
      return inputsOf(wrapped as never)
    case 'strict_object': {
      const needed = Object.keys(entries).filter((key) => entries[key]?.type !== 'exact_optional')
      const made = Object.fromEntries(
        Object.entries(entries).map(([key, entry]) => [key, inputsOf(entry)]),
      )
      // One field more than needed now and then: some schemas want exactly one of several.
      const sparse = fc
        .constantFrom('', ...Object.keys(entries))
        .chain((key) =>
          fc.record(made, { requiredKeys: [] }).map((all) => picked(all, [...needed, key])),
        )
      return fc.oneof(fc.record(made, { requiredKeys: needed }), sparse)
    }
    default:
      throw new Error(`no inputs for ${type}`)
  }
}

function picked(all: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key)))
}

/** Whatever no field is meant to hold. */
export const GARBAGE: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e308, '', [], {}, '\u0000', '\ud800', '../..'),
  fc.constantFrom<unknown>(
    'a'.repeat(20_000),
    Array.from({ length: 3000 }, () => 0),
    '💣'.repeat(300),
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '${7*7}',
    "' OR 1=1 --",
    '<script>',
    '%00%ff',
    '\r\nx: y',
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.jsonValue({ maxDepth: 4 }),
)

/** A key that no schema has, or one that it has. */
const KEYS = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'length', 'toString', 'id', 'tenant', ''),
  fc.string({ maxLength: 20 }),
)

/** The same input with one thing in it that is different: another value, one more, one fewer. */
export function mutated(inputs: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc
    .tuple(inputs, fc.nat(), fc.constantFrom('replace', 'remove', 'add'), GARBAGE, KEYS)
    .map(([input, at, how, garbage, key]) => {
      const copy: unknown = structuredClone(input)
      const places = placesIn(copy)
      const [holder, name] = places[at % Math.max(1, places.length)] ?? [null, '']
      if (!holder) return garbage
      if (how === 'replace') holder[name] = garbage
      else if (how === 'remove') Reflect.deleteProperty(holder, name)
      else
        Object.defineProperty(holder, key, { value: garbage, enumerable: true, configurable: true })
      return copy
    })
}

type Holder = Record<string, unknown>

/** Every place in a value: what holds it, and under which key. */
function placesIn(value: unknown): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, held]) => [
    [value as Holder, key] as [Holder, string],
    ...placesIn(held),
  ])
}
