import { KINDS } from './case.ts'
import type { Case, Kind } from './case.ts'
import { makeClientCase } from './make-client.ts'
import { makeControlCase } from './make-control.ts'
import { makeCrowdCase } from './make-crowd.ts'
import { makeEchoCase } from './make-echo.ts'
import { makeTokensCase } from './make-tokens.ts'
import { makeUpstreamCase } from './make-upstream.ts'
import { Random } from './random.ts'

const MAKERS: Readonly<Record<Kind, (r: Random) => Case>> = {
  client: makeClientCase,
  upstream: makeUpstreamCase,
  control: makeControlCase,
  tokens: makeTokensCase,
  crowd: makeCrowdCase,
  echo: makeEchoCase,
}

/** Case number `index` of a class, which follows from the seed alone. */
export function caseOf(seed: number, kind: Kind, index: number): Case {
  return MAKERS[kind](new Random(`${seed} ${kind} ${index}`))
}

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text)
}
