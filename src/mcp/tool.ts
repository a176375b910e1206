import type { JsonObject } from '../content/json.ts'
import type { ControlDeps } from '../control/deps.ts'
import type { Caller } from '../identity.ts'

/** What a tool works with: who asks, and the request that brought the question. */
export interface Asking {
  readonly caller: Caller
  readonly request: Request
  readonly deps: ControlDeps
  readonly args: JsonObject
}

/** What a tool says: an object of its `outputSchema`, and whether that is a failure. */
export interface Said {
  readonly value: Readonly<Record<string, unknown>>
  readonly failed?: boolean
}

/** As `tools/list` shows it: https://modelcontextprotocol.io/specification/2026-07-28/server/tools */
export interface ToolText {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly outputSchema: Readonly<Record<string, unknown>>
  readonly annotations: Readonly<Record<string, boolean>>
}

export interface Tool extends ToolText {
  /** Whom it is of any use to. */
  readonly isFor: (caller: Caller) => boolean
  /** @throws Refusal */
  readonly run: (asking: Asking) => Promise<Said>
}
