/** An error of JSON-RPC (https://www.jsonrpc.org/specification#error_object), or of MCP. */
export interface RpcError {
  readonly code: -32601 | -32602 | -32020 | -32022
  readonly message: string
  readonly data?: unknown
}
