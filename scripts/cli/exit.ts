/** How it ends, for scripts. `outpost --help` and docs/operate.md list them. */
export const EXIT = {
  ok: 0,
  /** The answer is "no": faults in the chain, an approval that is gone, a call that would be denied. */
  no: 1,
  usage: 2,
  unreachable: 3,
  denied: 4,
  missing: 5,
  refused: 6,
  unexpected: 70,
} as const

export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** An end with a reason: one sentence for the person, which says what to do, and a code for scripts. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: Exit
  /** Of the server's answer, where there was one. */
  readonly status: number | null

  constructor(exit: Exit, message: string, from: { cause?: unknown; status?: number } = {}) {
    super(message, { cause: from.cause })
    this.exit = exit
    this.status = from.status ?? null
  }
}

/** Whether the same request may do better later, without anybody changing anything. */
export function isPassing({ exit, status }: Failure): boolean {
  if (exit === EXIT.denied) return false
  return exit === EXIT.unreachable || status === 429 || (status ?? 0) >= 500
}

/** Somebody ended it with a signal. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  /** As a shell has it: 128 and the number of the signal. */
  readonly exit: number

  constructor(signal: number) {
    super('stopped')
    this.exit = 128 + signal
  }
}

/** @throws Failure: what was typed makes no sense. */
export function misuse(message: string): never {
  throw new Failure(EXIT.usage, message)
}
