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
  const shape = shapeOf(schema)
  const checks = (shape.pipe ?? []).flatMap((each) => shapeOf(each).pipe ?? [each])
  const checked = CHECKED.find(([about]) =>
    checks.some(({ message }) => about.test(String(message))),
  )
  const make = MAKERS[shape.type]
  if (checked) return checked[1]
  if (!make) throw new Error(`no inputs for ${shape.type}`)
  const required = (name: string): unknown => checks.find(({ type }) => type === name)?.requirement
  return make(shape, required)
}

type Make = (shape: Shape, required: (name: string) => unknown) => Arbitrary<unknown>

const MAKERS: Readonly<Record<string, Make>> = {
  string: (_shape, required) => {
    const [form, max] = [required('regex'), required('max_value')]
    // Digits of a query.
    if (max !== undefined) return numberOf(required, 1000).map(String)
    return form instanceof RegExp ? fc.stringMatching(form) : fc.string({ maxLength: 100 })
  },
  number: (_shape, required) => numberOf(required, 2 ** 31),
  picklist: ({ options = [] }) => fc.constantFrom(...options),
  literal: ({ literal }) => fc.constant(literal),
  array: ({ item }, required) => {
    const [least, most] = [Number(required('min_length')), Number(required('max_length'))]
    return fc.array(inner(item), { minLength: least, maxLength: Math.min(most, least + 3) })
  },
  nullable: ({ wrapped }) => fc.option(inner(wrapped)),
  exact_optional: ({ wrapped }) => inner(wrapped),
  strict_object: ({ entries = {} }) => {
    const all = Object.entries(entries)
    const needed = all.filter(([, { type }]) => type !== 'exact_optional').map(([key]) => key)
    const made = Object.fromEntries(all.map(([key, entry]) => [key, inputsOf(entry)]))
    // What is needed and one thing more: some schemas want exactly one of several.
    const sparse = fc
      .tuple(fc.record(made), fc.constantFrom('', ...Object.keys(entries)))
      .map(([whole, key]) => picked(whole, [...needed, key]))
    return fc.oneof(fc.record(made, { requiredKeys: needed }), sparse)
  },
}

function numberOf(required: (name: string) => unknown, most: number): Arbitrary<number> {
  const [min, max] = [Number(required('min_value')), Number(required('max_value'))]
  return fc.integer({ min, max: Math.min(max, most) })
}

function inner(schema: GenericSchema | undefined): Arbitrary<unknown> {
  if (!schema) throw new Error('a schema around nothing')
  return inputsOf(schema)
}

function shapeOf(schema: unknown): Shape {
  return schema as Shape
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
      // A list has a length already, and it is a number.
      else if (Array.isArray(holder) && key === 'length') holder.push(garbage)
      // Not by assignment, which would set the prototype for `__proto__`.
      else Object.defineProperty(holder, key, { ...OWN, value: garbage })
      return copy
    })
}

const OWN = { enumerable: true, configurable: true, writable: true }

type Holder = Record<string, unknown>

/** Every place in a value: what holds it, and under which key. */
function placesIn(value: unknown): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, held]) => [
    [value as Holder, key] as [Holder, string],
    ...placesIn(held),
  ])
}
