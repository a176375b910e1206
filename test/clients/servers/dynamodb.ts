import { createServer } from 'node:http'

import { AwsError, verified } from './sigv4.ts'
import type { Known } from './sigv4.ts'

/**
 * A table of one item, for requests that are signed with the key, body and all:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
export async function startDynamo(port: number, known: Known) {
  /** The operation of each request, or the error that it got. */
  const outcomes: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (chunk: Buffer) => parts.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      try {
        verified(request, known, Date.now(), Buffer.concat(parts))
        outcomes.push(String(request.headers['x-amz-target']))
        response.end(JSON.stringify({ Item: { id: { S: '1' } } }))
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        outcomes.push(error.code)
        response.writeHead(400).end(JSON.stringify({ __type: error.code, message: error.message }))
      }
    })
  })
  await new Promise<void>((done) => {
    server.listen(port, '127.0.0.1', done)
  })
  return { outcomes, close: () => server.close() }
}
