import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

import { BatchGetItemCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { clientsOutpost } from './outpost.ts'
import { startDynamo } from './servers/dynamodb.ts'
import { startS3 } from './servers/s3.ts'
import type { S3Server } from './servers/s3.ts'

const KEY = {
  id: 'AKIASENTINEL00000001',
  secret: 'sentinel-secret-access-key-7f0c/Pq+22',
  session: 'sentinel-session-token/IQoJb3JpZ2luX2Vj+==',
}
const SECRETS = {
  AWS_TEST_ID: KEY.id,
  AWS_TEST_SECRET: KEY.secret,
  AWS_TEST_SESSION: KEY.session,
}

const at = clientsOutpost(SECRETS)

let upstream: S3Server
let dynamo: Awaited<ReturnType<typeof startDynamo>>
let token = ''
/** Everything that the clients were told. */
const told: string[] = []

beforeAll(async () => {
  const place = { ...KEY, region: 'eu-central-1' }
  upstream = await startS3(at.port('s3'), { ...place, service: 's3' })
  dynamo = await startDynamo(at.port('dynamodb'), { ...place, session: null, service: 'dynamodb' })
  token = await at.grant('s3', 'dynamodb')
})

afterAll(() => {
  upstream.close()
  dynamo.close()
  const all = told.join('\n')
  expect(all).not.toBe('')
  expect(Object.values(KEY).filter((each) => all.includes(each))).toEqual([])
})

beforeEach(() => {
  upstream.seen.length = 0
})

function s3(over: object = {}): S3Client {
  const client = new S3Client({
    endpoint: `${at.url}/p/s3`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: token, secretAccessKey: 'anything', sessionToken: 'of the agent' },
    maxAttempts: 1,
    ...over,
  })
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      told.push(JSON.stringify((result.response as { headers?: unknown }).headers))
      return result
    },
    { step: 'deserialize', priority: 'low' },
  )
  return client
}

/** What the upstream saw of the agent's: nothing. */
function expectReal(): void {
  const text = JSON.stringify(upstream.seen)
  expect(upstream.seen.length).toBeGreaterThan(0)
  expect(upstream.seen.filter(({ outcome }) => outcome !== '200')).toEqual([])
  expect(text).toContain(KEY.id)
  expect(text).not.toContain(token)
  expect(text).not.toContain('of the agent')
}

describe('@aws-sdk/client-s3', () => {
  it('puts, heads, gets, lists, copies and deletes an object', async () => {
    const client = s3()
    const Bucket = 'bucket'
    const Key = 'a folder/ä+b (1)&=!*~.txt'
    const put = { Bucket, Key, Body: 'héllo', Metadata: { who: 'me' }, ContentType: 'text/plain' }
    await client.send(new PutObjectCommand(put))
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }))
    expect(head.Metadata).toEqual({ who: 'me' })
    const got = await client.send(new GetObjectCommand({ Bucket, Key }))
    expect(await got.Body?.transformToString()).toBe('héllo')
    const part = await client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=1-2' }))
    expect(await part.Body?.transformToString()).toBe('é')
    const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a folder/ä+' }))
    expect(listed.Contents?.map((each) => each.Key)).toEqual([Key])
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`.replaceAll('%2F', '/')
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    expect(upstream.objects.get('/bucket/copy')?.content.toString()).toBe('héllo')
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    const buckets = await client.send(new ListBucketsCommand({}))
    expect(buckets.Buckets?.map(({ Name }) => Name)).toEqual(['bucket'])
    expect([...upstream.objects.keys()]).toEqual(['/bucket/copy'])
    expectReal()
  })

  it('uploads 20 MB in parts, and in one stream with a checksum behind it', async () => {
    const content = randomBytes(20 * 1024 * 1024)
    const client = s3()
    const upload = new Upload({
      client,
      params: { Bucket: 'bucket', Key: 'parts', Body: Readable.from(pieces(content)) },
    })
    await upload.done()
    expect(upstream.objects.get('/bucket/parts')?.content.equals(content)).toBe(true)
    const stream = {
      Bucket: 'bucket',
      Key: 'stream',
      Body: Readable.from(pieces(content)),
      ContentLength: content.length,
    }
    await client.send(new PutObjectCommand(stream))
    expect(upstream.objects.get('/bucket/stream')?.content.equals(content)).toBe(true)
    const framed = upstream.seen.filter(({ headers }) => headers['x-amz-trailer'] !== undefined)
    expect(framed.length).toBeGreaterThan(0)
    expectReal()
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'parts' }))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true)
  })

  it('a body goes on while it comes', async () => {
    let ended = Infinity
    async function* slowly() {
      yield Buffer.alloc(64 * 1024, 1)
      await new Promise((done) => setTimeout(done, 300))
      yield Buffer.alloc(64 * 1024, 2)
      ended = performance.now()
    }
    const put = { Bucket: 'bucket', Key: 'slow', Body: Readable.from(slowly()) }
    await s3().send(new PutObjectCommand({ ...put, ContentLength: 128 * 1024 }))
    expect(upstream.seen[0]?.firstByte).toBeLessThan(ended)
  })

  it('what is denied is not sent, by its path or as the source of a copy', async () => {
    const client = s3()
    const Bucket = 'bucket'
    const refused = [
      new GetObjectCommand({ Bucket, Key: 'private/x' }),
      new CopyObjectCommand({ Bucket, Key: 'mine', CopySource: 'bucket/private/x' }),
      new CopyObjectCommand({ Bucket, Key: 'mine', CopySource: '/bucket/%70rivate/x' }),
    ]
    for (const command of refused) {
      const error = await client.send(command as GetObjectCommand).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ $metadata: { httpStatusCode: 403 } })
    }
    expect(upstream.seen).toEqual([])
  })

  it('an error of S3 tells the agent its own words, and not whose key it was', async () => {
    const wrong = s3({ region: 'us-east-1' })
    const error: unknown = await wrong.send(new ListBucketsCommand({})).catch((e: unknown) => e)
    told.push(JSON.stringify(error), error instanceof Error ? error.message : '')
    expect(error).toMatchObject({ name: 'AuthorizationHeaderMalformed' })
  })
})

describe('@aws-sdk/s3-request-presigner', () => {
  const command = new GetObjectCommand({ Bucket: 'bucket', Key: 'a b' })

  beforeAll(() => {
    upstream.objects.set('/bucket/a b', {
      content: Buffer.from('presigned'),
      headers: {},
      etag: '"1"',
    })
  })

  it('what it signs with the token of a grant is signed anew', async () => {
    const url = await getSignedUrl(s3(), command, { expiresIn: 60 })
    expect(url).toContain(token)
    const answer = await fetch(url)
    const text = await answer.text()
    told.push(text, JSON.stringify([...answer.headers]))
    expect(text).toBe('presigned')
    expectReal()
  })

  it('and a write with headers in its query too', async () => {
    const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'put', Metadata: { who: 'me' } })
    const url = await getSignedUrl(s3(), put, { expiresIn: 60 })
    const answer = await fetch(url, { method: 'PUT', body: 'written' })
    expect(await answer.text()).toBe('')
    expect(upstream.objects.get('/bucket/put')?.content.toString()).toBe('written')
    expectReal()
  })

  it('is refused once it has expired', async () => {
    const signingDate = new Date(Date.now() - 120_000)
    const url = await getSignedUrl(s3(), command, { expiresIn: 60, signingDate })
    const answer = await fetch(url)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('x-proxy-error')).toBe('PROXY_BAD_REQUEST')
    expect(upstream.seen).toEqual([])
  })
})

describe('@aws-sdk/client-dynamodb', () => {
  it('gets an item; its region is the provider’s', async () => {
    const client = new DynamoDBClient({
      endpoint: `${at.url}/p/dynamodb`,
      region: 'us-west-2',
      credentials: { accessKeyId: token, secretAccessKey: 'anything' },
      maxAttempts: 1,
    })
    const got = await client.send(new GetItemCommand({ TableName: 't', Key: { id: { S: '1' } } }))
    expect(got.Item).toEqual({ id: { S: '1' } })
    const RequestItems = { t: { Keys: [{ id: { S: 'x'.repeat(50_000) } }] } }
    await client.send(new BatchGetItemCommand({ RequestItems }))
    expect(dynamo.outcomes).toEqual(['DynamoDB_20120810.GetItem', 'DynamoDB_20120810.BatchGetItem'])
  })
})

it('the record names the operations', async () => {
  const operations = async () => (await at.audit()).map(({ operation }) => operation)
  await expect
    .poll(operations, { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([
        's3:PutObject',
        's3:ListObjectsV2',
        's3:UploadPart',
        's3:CopyObject from /bucket/private/x',
        'dynamodb:GetItem',
      ]),
    )
})

function* pieces(content: Buffer) {
  for (let from = 0; from < content.length; from += 100_000) {
    yield content.subarray(from, from + 100_000)
  }
}
