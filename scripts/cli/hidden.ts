import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/**
 * A line from the terminal that is not shown while it is typed.
 * @throws the reason of `stop`; Ctrl-C ends as SIGINT does.
 */
export async function askHidden(question: string, stop: AbortSignal): Promise<string> {
  // In terminal mode readline echoes by itself, to its output: that leads nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: true,
    historySize: 0,
  })
  process.stderr.write(question) // what is typed is hidden from here on
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // Ctrl-D: as good as an empty line.
  const closed = new Promise<string>((done) => lines.once('close', () => done('')))
  try {
    return await Promise.race([lines.question('', { signal: stop }), closed])
  } catch (error) {
    stop.throwIfAborted()
    throw error
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
