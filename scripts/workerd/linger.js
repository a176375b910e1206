/**
 * What keeps a workerd that was told to end from ending at once: it waits for open calls, but not
 * for what they have left for later, and so the last records of the Worker beside this one would
 * not be written. The answer begins at once and ends when they are: a batch is a second old at most
 * (src/audit/recorder.ts), and has to be sent.
 */
const LINGER_MS = 1500

// oxlint-disable-next-line import/no-default-export -- what the runtime looks for
export default {
  async fetch() {
    const parts = ['waiting\n']
    const body = new ReadableStream({
      async pull(controller) {
        const part = parts.pop()
        if (part !== undefined) return controller.enqueue(new TextEncoder().encode(part))
        await scheduler.wait(LINGER_MS)
        controller.close()
      },
    })
    return new Response(body)
  },
}
