import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { clientsOutpost } from '../outpost.ts'
import { startS3 } from '../servers/s3.ts'
import type { S3Server } from '../servers/s3.ts'
import { tlsFront } from '../servers/tls_front.ts'
import type { TlsFront } from '../servers/tls_front.ts'
import { aHome } from '../settled.ts'
import { python } from './program.ts'

const HOST = 's3cli.outpost.test'
const KEY = {
  id: 'AKIASENTINEL00000002',
  secret: 'sentinel-secret-access-key-9b1d/Kx+77',
  session: 'sentinel-session-token/FwoGZXIvYXdz+w==',
}
const at = clientsOutpost({
  AWS_TEST_ID: KEY.id,
  AWS_TEST_SECRET: KEY.secret,
  AWS_TEST_SESSION: KEY.session,
})
const home = mkdtempSync(join(tmpdir(), 'outpost-aws-'))
const printed = aHome()
const large = join(home, 'large')
const content = randomBytes(20 * 1024 * 1024)
const told: string[] = []

let upstream: S3Server
let front: TlsFront
let token = ''

beforeAll(async () => {
  upstream = await startS3(at.port('s3cli'), { ...KEY, region: 'eu-central-1', service: 's3' })
  front = await tlsFront(HOST, at.url)
  token = await at.grant('s3cli')
  writeFileSync(large, content)
  writeFileSync(join(home, 'small'), 'small')
})

afterAll(() => {
  upstream.close()
  front.close()
  rmSync(home, { recursive: true, force: true })
  const all = told.join('\n')
  expect(Object.values(KEY).filter((each) => all.includes(each))).toEqual([])
})

beforeEach(() => {
  upstream.seen.length = 0
  upstream.objects.clear()
})

/** Nothing of what this machine says of keys and certificates. */
const OURS = { PATH: process.env['PATH'], HOME: process.env['HOME'] }

/** A program with what it wants to know of a key in its environment. It must not fail. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: home,
      env: { ...OURS, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
    }
    child.on('error', fail)
    child.on('close', (code) => {
      told.push(said)
      if (code === 0) done(said)
      else fail(new Error(`${program} ${args.join(' ')}: ${String(code)}\n${said}`))
    })
  })
}

function expectReal(): void {
  const text = JSON.stringify(upstream.seen)
  expect(upstream.seen.filter(({ outcome }) => outcome !== '200')).toEqual([])
  expect(text).toContain(KEY.id)
  expect(text).not.toContain(token)
}

const stored = (path: string) => upstream.objects.get(path)?.content

describe.each(['http', 'https'])('over %s', { timeout: 120_000 }, (scheme) => {
  const env = () => ({
    AWS_ACCESS_KEY_ID: token,
    AWS_SECRET_ACCESS_KEY: 'anything',
    AWS_SESSION_TOKEN: 'of the agent',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'none'),
    AWS_ENDPOINT_URL: scheme === 'http' ? `${at.url}/p/s3cli` : `https://${HOST}`,
    AWS_MAX_ATTEMPTS: '1',
    ...(scheme === 'https' && { ...front.env, AWS_CA_BUNDLE: front.env['SSL_CERT_FILE'] }),
  })

  beforeAll(() => {
    writeFileSync(join(home, 'config'), '[default]\ns3 =\n  addressing_style = path\n')
  })

  it('aws s3 copies a file of 20 MB there and back, lists, moves and removes', async () => {
    await run('aws', ['s3', 'cp', 'large', 's3://bucket/a b/large'], env())
    expect(stored('/bucket/a b/large')?.equals(content)).toBe(true)
    await run('aws', ['s3', 'cp', 's3://bucket/a b/large', 'back'], env())
    expect(readFileSync(join(home, 'back')).equals(content)).toBe(true)
    await run('aws', ['s3', 'cp', 'small', 's3://bucket/small'], env())
    expect(await run('aws', ['s3', 'ls', 's3://bucket/'], env())).toMatch(/PRE a b\/[^]*small/)
    await run('aws', ['s3', 'mv', 's3://bucket/small', 's3://bucket/moved+1'], env())
    expect(stored('/bucket/moved+1')?.toString()).toBe('small')
    await run('aws', ['s3', 'rm', '--recursive', 's3://bucket/'], env())
    expect(upstream.objects.size).toBe(0)
    expectReal()
  })

  it('boto3 does the same, and deletes many at once', async () => {
    const script = `
import boto3, io
s3 = boto3.client("s3")
s3.upload_file("large", "bucket", "large")
s3.put_object(Bucket="bucket", Key="ä ö", Body=b"text", Metadata={"who": "me"})
assert s3.get_object(Bucket="bucket", Key="ä ö")["Body"].read() == b"text"
assert s3.head_object(Bucket="bucket", Key="ä ö")["Metadata"] == {"who": "me"}
into = io.BytesIO()
s3.download_fileobj("bucket", "large", into)
assert into.getvalue() == open("large", "rb").read()
url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "ä ö"})
import urllib.request, ssl, os
bundle = os.environ.get("AWS_CA_BUNDLE")
context = ssl.create_default_context(cafile=bundle) if bundle else None
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
assert opener.open(url).read() == b"text"
keys = [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]]
gone = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": key} for key in keys]})
assert len(gone["Deleted"]) == 2, gone
`
    await run(python('boto3', 'python3-boto3'), ['-c', script], env())
    expectReal()
  })

  it('rclone copies, checks and removes', async () => {
    const rclone = (...args: readonly string[]) =>
      run('rclone', ['--retries', '1', '--low-level-retries', '1', ...args], {
        RCLONE_CONFIG: join(home, 'rclone.conf'),
        RCLONE_S3_PROVIDER: 'Other',
        RCLONE_S3_ENDPOINT: env().AWS_ENDPOINT_URL,
        RCLONE_S3_ACCESS_KEY_ID: token,
        RCLONE_S3_SECRET_ACCESS_KEY: 'anything',
        RCLONE_S3_REGION: 'eu-central-1',
        ...(scheme === 'https' && { ...front.env, RCLONE_CA_CERT: front.env['SSL_CERT_FILE'] }),
      })
    await rclone('copyto', 'large', ':s3:bucket/large')
    expect(stored('/bucket/large')?.equals(content)).toBe(true)
    await rclone('copyto', ':s3:bucket/large', 'again')
    expect(readFileSync(join(home, 'again')).equals(content)).toBe(true)
    await rclone('copyto', 'small', ':s3:bucket/x/small')
    expect(await rclone('lsf', '-R', ':s3:bucket')).toContain('x/small')
    await rclone('deletefile', ':s3:bucket/large')
    expect([...upstream.objects.keys()]).toEqual(['/bucket/x/small'])
  })
})

it(
  'what outpost env prints is all that aws needs, but for the region',
  { timeout: 60_000 },
  async () => {
    const settings = { client: 'aws', where: { url: at.url, provider: 's3cli', token } }
    const region = ['env', 'AWS_DEFAULT_REGION=eu-central-1', 'aws']
    const small = join(home, 'small')
    const copied = await printed.run(settings, ...region, 's3', 'cp', small, 's3://bucket/printed')
    expect(copied).toMatchObject({ code: 0 })
    expect(stored('/bucket/printed')?.toString()).toBe('small')
    expect(printed.filesWith(KEY.secret)).toEqual([])
    expectReal()
  },
)
