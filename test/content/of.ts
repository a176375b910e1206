import { bodySteps, querySteps } from '../../scripts/catalog/field-steps.ts'
import { patternProgram } from '../../scripts/catalog/pattern-program.ts'
import { Wrong } from '../../scripts/catalog/problem.ts'
import type { Program } from '../../src/content/automaton.ts'
import { bodyFields } from '../../src/content/body.ts'
import type { Condition, Conditions } from '../../src/content/conditions.ts'
import type { Fields, Steps } from '../../src/content/fields.ts'

export function programOf(source: string): Program {
  return right(patternProgram(source))
}

/** As the YAML has it, with `equals` as a list of one. */
export type Written = Readonly<Record<string, Condition>>

/** Conditions on a body. */
export function bodyOf(written: Written): Conditions {
  return Object.entries(written).map(([name, each]) => ({
    field: name,
    steps: right(bodySteps(name)),
    ...each,
  }))
}

/** Conditions on a query. */
export function queryOf(written: Written): Conditions {
  return Object.entries(written).map(([name, each]) => ({
    field: name,
    steps: right(querySteps(name)),
    ...each,
  }))
}

export function stepsOf(name: string): Steps {
  return right(bodySteps(name))
}

/** The fields of a body of this type. */
export function fieldsOf(type: string, body: string | Uint8Array, query = ''): Fields {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return bodyFields(new Headers({ 'content-type': type }), bytes, query)
}

/** A body of multipart/form-data: each part is its headers, a blank line, and what is in it. */
export function multipartOf(...parts: readonly string[]): string {
  return `${parts.map((part) => `--x\r\n${part}\r\n`).join('')}--x--\r\n`
}

export const MULTIPART = 'multipart/form-data; boundary=x'
export const FORM = 'application/x-www-form-urlencoded'

export function field(name: string, value: string): string {
  return `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
}

function right<T>(read: T | Wrong): T {
  if (read instanceof Wrong) throw new Error(read.message)
  return read
}
