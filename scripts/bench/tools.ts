const KINDS = ['get', 'list', 'create', 'update', 'delete']
const OF_EACH = 10

/** The id of every request, which the answers repeat. */
export const ID = 7

/** The answer of an MCP server with tools of each kind. `but`: kinds that are not in it. */
export function listed(but: readonly string[] = []): string {
  const tools = KINDS.filter((kind) => !but.includes(kind)).flatMap((kind) =>
    Array.from({ length: OF_EACH }, (_, number) => tool(`${kind}_thing_${number}`)),
  )
  return JSON.stringify({ jsonrpc: '2.0', id: ID, result: { tools } })
}

function tool(name: string) {
  return {
    name,
    title: name.replaceAll('_', ' '),
    description: `What ${name} does, with "quotes" and a line break\nas a server may say it.`,
    inputSchema: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Which thing it is about' },
        limit: { type: 'integer', minimum: 1, maximum: 100 },
      },
      required: ['id'],
    },
    annotations: { readOnlyHint: name.startsWith('get') },
  }
}

/** What calling a tool gives: about 1 KB. */
export function called(): string {
  const text = 'a line of what was found, as text\n'.repeat(26)
  const result = { content: [{ type: 'text', text }], isError: false }
  return JSON.stringify({ jsonrpc: '2.0', id: ID, result })
}
