/** As much of an OpenAPI document as the page reads. */
export interface OpenApi {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Operation {
  readonly summary: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, object>> }
    >
  >
}

/** As much of a JSON schema. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** A line of the page. */
export interface FieldLine {
  /** `providers[].access` */
  readonly name: string
  readonly where: string
  readonly type: string
  readonly about: string
}

/** All that a request of this operation may have, in the document's order. */
export function fieldsOf({ parameters = [], requestBody }: Operation): FieldLine[] {
  const body = requestBody?.content['application/json']?.schema
  return [
    ...parameters.map(({ name, in: where, required, schema }) =>
      line({ name, where, schema, required: required === true }),
    ),
    ...(body ? below('', body) : []),
  ]
}

function below(prefix: string, { properties = {}, required = [] }: Schema): FieldLine[] {
  return Object.entries(properties).flatMap(([key, found]) => {
    const schema = plain(found)
    const name = prefix + key
    const item = schema.items && plain(schema.items)
    return [
      line({ name, where: 'body', schema: found, required: required.includes(key) }),
      ...(item?.properties ? below(`${name}[].`, item) : below(`${name}.`, schema)),
    ]
  })
}

interface Found {
  readonly name: string
  readonly where: string
  readonly schema: Schema
  readonly required: boolean
}

function line({ name, where, schema, required }: Found): FieldLine {
  const { description = '' } = plain(schema)
  const given = required ? 'required' : otherwise(schema)
  return {
    name,
    where,
    type: typeOf(schema),
    about: [given, description].filter(Boolean).join('; '),
  }
}

function otherwise({ default: value }: Schema): string {
  return value === undefined ? '' : `else ${JSON.stringify(value)}`
}

function typeOf(schema: Schema): string {
  const { type, items, enum: options, const: only } = plain(schema)
  if (options) return options.map((each) => JSON.stringify(each)).join(' | ')
  if (only !== undefined) return JSON.stringify(only)
  return items ? `list of ${typeOf(items)}` : (type ?? '')
}

/** Without the null that it may also be. */
function plain(schema: Schema): Schema {
  return schema.anyOf?.find(({ type }) => type !== 'null') ?? schema
}
