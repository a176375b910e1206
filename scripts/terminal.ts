/** A line for the person at the terminal. Standard output is left to what was asked for. */
export function tell(message: string): void {
  process.stderr.write(`outpost: ${message}\n`)
}

/** What an error says, without its class and stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
