import { HELP, readOptions } from './soak/options.ts'
import type { Options } from './soak/options.ts'
import { Soak } from './soak/soak.ts'
import { manyStreams } from './soak/streams.ts'

/** True when every promise was kept. */
function run(options: Options): Promise<boolean> {
  return 'streams' in options ? manyStreams(options) : new Soak(options).run()
}

try {
  const options = readOptions()
  if (options === null) process.stdout.write(HELP)
  else process.exit((await run(options)) ? 0 : 1)
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
  // Clients may still be waiting for a start that never comes.
  process.exit(1)
}
