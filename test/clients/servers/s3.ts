import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { receive } from './s3_body.ts'
import { AwsError, pairsOf, verified } from './sigv4.ts'
import type { Known } from './sigv4.ts'

interface Stored {
  readonly content: Buffer
  /** Content type, metadata, checksums. */
  readonly headers: Readonly<Record<string, string>>
  readonly etag: string
}

/** One request that came, right or not. */
export interface Seen {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** When the first byte of its body was here, as `performance.now()`. */
  firstByte: number
  /** 200, or the code of the error that it got. */
  outcome: string
}

export interface S3Server {
  readonly seen: Seen[]
  readonly objects: Map<string, Stored>
  readonly close: () => void
}

/**
 * A small S3 that takes no request which is not signed with the key: as AWS's API reference says it,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html.
 * Path-style addresses only.
 */
export async function startS3(port: number, known: Known): Promise<S3Server> {
  const seen: Seen[] = []
  const objects = new Map<string, Stored>()
  const state = { objects, uploads: new Map<string, Map<number, Stored>>() }
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const entry: Seen = { method, target: url, headers, firstByte: Infinity, outcome: '200' }
    seen.push(entry)
    answer(request, response, { known, state, entry }).catch((error: unknown) => {
      const { status, code, message } =
        error instanceof AwsError ? error : new AwsError(500, 'InternalError', String(error))
      entry.outcome = code
      request.resume()
      response.writeHead(status, { 'content-type': 'application/xml' })
      // As S3 does: with the id of the key that the request was signed with.
      const id = `<AWSAccessKeyId>${known.id}</AWSAccessKeyId>`
      response.end(xml('Error', `<Code>${code}</Code><Message>${escaped(message)}</Message>${id}`))
    })
  })
  await listen(server, port)
  return { seen, objects, close: () => server.close() }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done) => {
    server.listen(port, '127.0.0.1', done)
  })
}

interface State {
  readonly objects: Map<string, Stored>
  readonly uploads: Map<string, Map<number, Stored>>
}

interface Context {
  readonly known: Known
  readonly state: State
  readonly entry: Seen
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  readonly state: State
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { known, state, entry }: Context,
): Promise<void> {
  const { payload } = verified(request, known, Date.now())
  const [raw = '', search = ''] = (request.url ?? '').split(/\?(.*)/s)
  const query = new Map(pairsOf(search))
  const asked = { request, response, path: decodeURIComponent(raw), query, state }
  const { method = '' } = request
  if (method === 'GET' || method === 'HEAD') return read(asked)
  const body = await receive(request, payload)
  entry.firstByte = body.firstByte
  if (method === 'PUT') put(asked, body)
  else if (method === 'POST') post(asked, body.content)
  else remove(asked)
}

function remove({ response, path, query, state }: Asked): void {
  const upload = query.get('uploadId')
  if (upload === undefined) state.objects.delete(path)
  else state.uploads.delete(upload)
  response.writeHead(204).end()
}

function read({ request, response, path, query, state }: Asked): void {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  if (bucket === '') {
    const buckets =
      '<Bucket><Name>bucket</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>'
    return send(response, xml('ListAllMyBucketsResult', `<Buckets>${buckets}</Buckets>`))
  }
  if (key === '') {
    if (request.method === 'HEAD') return void response.writeHead(200).end()
    if (query.has('location')) return send(response, xml('LocationConstraint', 'eu-central-1'))
    return send(response, list(bucket, query, state))
  }
  const stored = state.objects.get(path)
  if (!stored) throw new AwsError(404, 'NoSuchKey')
  sendObject(request, response, stored)
}

function sendObject(request: IncomingMessage, response: ServerResponse, stored: Stored): void {
  const { content, etag, headers } = stored
  const given = { ...headers, etag, 'accept-ranges': 'bytes', 'last-modified': MODIFIED }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) {
    response.writeHead(200, { ...given, 'content-length': content.length })
    response.end(request.method === 'HEAD' ? undefined : content)
    return
  }
  const from = Number(range[1])
  const to = Math.min(range[2] ? Number(range[2]) : Infinity, content.length - 1)
  // The checksums are of the whole.
  const own = Object.entries(given).filter(([name]) => !name.startsWith('x-amz-checksum-'))
  response.writeHead(206, {
    ...Object.fromEntries(own),
    'content-range': `bytes ${from}-${to}/${content.length}`,
    'content-length': to - from + 1,
  })
  response.end(content.subarray(from, to + 1))
}

const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT'

function list(bucket: string, query: ReadonlyMap<string, string>, { objects }: State): string {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const keys = [...objects]
    .filter(([path]) => path.startsWith(`/${bucket}/${prefix}`))
    .map(([path, stored]) => [path.slice(bucket.length + 2), stored] as const)
  const folders = new Set<string>()
  const contents = keys.flatMap(([key, { content, etag }]) => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (at >= 0) {
      folders.add(key.slice(0, at + 1))
      return []
    }
    const time = '2026-01-01T00:00:00.000Z'
    return [
      `<Contents><Key>${escaped(key)}</Key><LastModified>${time}</LastModified><ETag>${escaped(etag)}</ETag><Size>${content.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    ]
  })
  const common = [...folders].map(
    (each) => `<CommonPrefixes><Prefix>${escaped(each)}</Prefix></CommonPrefixes>`,
  )
  const head = `<Name>${bucket}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${contents.length}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>`
  return xml('ListBucketResult', head + contents.join('') + common.join(''))
}

function put(
  { request, response, path, query, state }: Asked,
  { content, headers: checksums }: { content: Buffer; headers: Readonly<Record<string, string>> },
): void {
  if (!/^\/[^/]+\/./s.test(path)) return void response.writeHead(200).end()
  const source = request.headers['x-amz-copy-source']
  const stored =
    source === undefined ? made(content, kept(request, checksums)) : copied(source, state)
  const part = query.get('partNumber')
  if (part === undefined) state.objects.set(path, stored)
  else uploadOf(query, state).set(Number(part), stored)
  if (source === undefined) {
    response.writeHead(200, { etag: stored.etag, ...checksums }).end()
    return
  }
  const time = '<LastModified>2026-01-01T00:00:00.000Z</LastModified>'
  send(response, xml('CopyObjectResult', `${time}<ETag>${escaped(stored.etag)}</ETag>`))
}

function kept({ headers }: IncomingMessage, checksums: Readonly<Record<string, string>>) {
  const own = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' && /^(?:content-type|x-amz-meta-.*)$/.test(name)
      ? [[name, value] as const]
      : [],
  )
  const coding = (headers['content-encoding'] ?? '').replace(/^aws-chunked,?/, '')
  const encoding = coding === '' ? {} : { 'content-encoding': coding }
  return { ...Object.fromEntries(own), ...encoding, ...checksums }
}

function made(content: Buffer, headers: Readonly<Record<string, string>>): Stored {
  return { content, headers, etag: `"${createHash('md5').update(content).digest('hex')}"` }
}

function copied(source: string | string[], { objects }: State): Stored {
  const path = `/${decodeURIComponent(String(source)).replace(/^\//, '')}`
  const stored = objects.get(path)
  if (!stored) throw new AwsError(404, 'NoSuchKey')
  return stored
}

function uploadOf(query: ReadonlyMap<string, string>, { uploads }: State): Map<number, Stored> {
  const upload = uploads.get(query.get('uploadId') ?? '')
  if (!upload) throw new AwsError(404, 'NoSuchUpload')
  return upload
}

function post({ response, path, query, state }: Asked, content: Buffer): void {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  const where = `<Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key>`
  if (query.has('uploads')) {
    const id = `upload-${state.uploads.size + 1}`
    state.uploads.set(id, new Map())
    const text = `${where}<UploadId>${id}</UploadId>`
    return send(response, xml('InitiateMultipartUploadResult', text))
  }
  if (query.has('delete')) {
    const keys = Array.from(content.toString().matchAll(/<Key>([^<]*)<\/Key>/g), ([, each]) => each)
    for (const each of keys) state.objects.delete(`/${bucket}/${each}`)
    const deleted = keys.map((each) => `<Deleted><Key>${each}</Key></Deleted>`)
    return send(response, xml('DeleteResult', deleted.join('')))
  }
  const parts = uploadOf(query, state)
  const wanted = Array.from(
    content.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g),
    ([, number]) => parts.get(Number(number)),
  )
  if (wanted.length === 0 || wanted.includes(undefined)) throw new AwsError(400, 'InvalidPart')
  const whole = Buffer.concat(wanted.flatMap((part) => (part ? [part.content] : [])))
  const stored = { ...made(whole, {}), etag: `"${'0'.repeat(32)}-${wanted.length}"` }
  state.objects.set(path, stored)
  state.uploads.delete(query.get('uploadId') ?? '')
  send(
    response,
    xml('CompleteMultipartUploadResult', `${where}<ETag>${escaped(stored.etag)}</ETag>`),
  )
}

function send(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(text)
}

function xml(name: string, inner: string): string {
  const space = name === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${space}>${inner}</${name}>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
