import { createHash } from 'node:crypto'

/** Of a long text, one of these is repeated. */
const BLOCK_BYTES = 1_000_000

/** So many bytes of JSON as an API lists things, with the escapes that texts have. */
export function textOf(size: number): Buffer {
  const rows: string[] = []
  for (let length = 0; length < Math.min(size, BLOCK_BYTES); length += rows.at(-1)?.length ?? 0) {
    const id = rows.length
    const sha = createHash('sha1').update(String(id)).digest('hex')
    const url = `https:\\/\\/api.example.com\\/things\\/${id}?page=%2F2`
    rows.push(`{"id":${id * 7919},"sha":"${sha}","title":"a \\"quoted\\" word\\n","url":"${url}"},`)
  }
  return Buffer.alloc(size, rows.join('').slice(0, Math.min(size, BLOCK_BYTES)))
}
