import { constants } from 'node:os'
import { join } from 'node:path'

import { CommanderError } from 'commander'

import { EXIT, Failure, Stopped } from './exit.ts'
import type { Asked } from './place.ts'
import { programOf } from './program.ts'
import { screenOn } from './screen.ts'
import { sessionsOf } from './session.ts'
import { storedToken } from './stored-token.ts'

const screen = screenOn(process.stdout, process.stderr)
const stop = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort(new Stopped(constants.signals[signal])))
}
// Whoever read us has seen enough: `outpost audit | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unexpected),
)

try {
  const env = { ...process.env }
  const open = sessionsOf({
    env,
    folder: process.cwd(),
    screen,
    now: Date.now,
    stop: stop.signal,
  })
  const root = join(import.meta.dirname, '../..')
  await programOf(screen, open, { env, stop: stop.signal })
    .hook('preAction', async (_program, command) => {
      if (['dev', 'env'].includes(command.name())) return // they open nothing
      const asked = command.optsWithGlobals<Asked>()
      const token = await storedToken(asked, env, root)
      if (token !== null) env['OUTPOST_ADMIN_TOKEN'] = token
    })
    .parseAsync()
} catch (error) {
  process.exitCode = end(error)
}

/** Says what went wrong, in one line, and returns the exit code. */
function end(error: unknown): number {
  // Commander has said it already. Help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof Stopped) return error.exit
  if (error instanceof Failure) {
    screen.tell(error.message)
    return error.exit
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  screen.tell(`unexpected, and a fault of this command line: ${what}`)
  return EXIT.unexpected
}
