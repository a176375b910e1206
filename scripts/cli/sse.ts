/** One event of a stream, after the HTML standard, section 9.2 (server-sent events). */
export interface ServerEvent {
  readonly type: string
  readonly data: string
  /** The last one that was sent, on this connection; empty: none. */
  readonly id: string
}

export interface Reading {
  /** The server names how long to wait before the next connection, in ms. */
  readonly onRetry?: (ms: number) => void
}

/** In characters. Nothing that Outpost sends comes near. */
const LONGEST = 1024 * 1024

/**
 * The events of a `text/event-stream`. One that the end cuts off is dropped, as the standard wants.
 * @throws when the stream fails, or a line or an event is longer than 1 Mi characters.
 */
export async function* serverEvents(
  chunks: AsyncIterable<Uint8Array>,
  { onRetry }: Reading = {},
): AsyncGenerator<ServerEvent> {
  let id = ''
  let block: Block = { type: '', data: [] }
  for await (const line of linesOf(chunks)) {
    if (line !== '') {
      const [field, value] = fieldOf(line)
      if (field === 'id' && !value.includes('\0')) id = value
      if (field === 'retry' && /^\d{1,9}$/.test(value)) onRetry?.(Number(value))
      fill(block, field, value)
      continue
    }
    if (block.data.length > 0) yield eventOf(block, id)
    block = { type: '', data: [] }
  }
}

/** What has come of an event. */
interface Block {
  readonly type: string
  readonly data: string[]
}

function eventOf({ type, data }: Block, id: string): ServerEvent {
  return { type: type || 'message', data: data.join('\n'), id }
}

function fill(block: Block, field: string, value: string): void {
  if (field === 'event') Object.assign(block, { type: value })
  if (field !== 'data') return
  block.data.push(value)
  const length = block.data.reduce((sum, line) => sum + line.length, 0)
  if (length > LONGEST) throw new Error('an event of the stream is too long')
}

/** A comment has an empty name. */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
}

/** Lines as they end: by CR LF, LF or CR, also where a chunk ends between CR and LF. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder() // takes away a byte order mark
  let rest = ''
  let afterCr = false
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true })
    if (text === '') continue
    if (afterCr && text.startsWith('\n')) text = text.slice(1)
    afterCr = text === '' ? false : text.endsWith('\r')
    const lines = (rest + text).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST) throw new Error('a line of the stream is too long')
    yield* lines
  }
}
