import type { ControlDeps } from './deps.ts'
import type { Operation, RowOf } from './endpoints.ts'
import type { Input } from './input.ts'

/** A request that was let in, with inputs that have passed their schemas. */
export interface Asked<Name extends Operation> extends Input<RowOf<Name>> {
  readonly request: Request
  readonly deps: ControlDeps
  /** Unix ms. */
  readonly now: number
  /** The operator, by the name that the ledger gets; empty where nobody has to be one. */
  readonly by: string
}

/**
 * Answers one endpoint: with a value for JSON, or with a response of its own.
 * @throws Refusal
 */
export type Handler<Name extends Operation> = (asked: Asked<Name>) => Promise<unknown>
