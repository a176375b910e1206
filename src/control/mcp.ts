import type { Handler } from './handler.ts'

/** Made when it is first asked for: most isolates never are. */
export const mcp: Handler<'mcp'> = async ({ request, deps }) => {
  const { answerMcp } = await import('../mcp/server.ts')
  return answerMcp(request, deps)
}
