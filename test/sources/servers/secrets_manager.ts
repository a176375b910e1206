import { AWS, OTHER, VALUE } from '../world.ts'
import { serve } from './http.ts'
import type { Asked, Told } from './http.ts'
import { signatureError } from './sigv4.ts'

const REGION = 'eu-west-1'

type Content = { readonly SecretString: string } | { readonly SecretBinary: string }

const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64')

const SECRETS: Readonly<Record<string, Content>> = {
  plain: { SecretString: VALUE },
  'prod/stripe': { SecretString: JSON.stringify({ key: VALUE, none: null, empty: '', number: 7 }) },
  '/prod/leading': { SecretString: VALUE },
  'odd/name_+=.@-1': { SecretString: OTHER },
  binary: { SecretBinary: base64(VALUE) },
  'binary/json': { SecretBinary: base64(JSON.stringify({ key: VALUE })) },
  'binary/bytes': { SecretBinary: base64(Buffer.from([0xff, 0xfe, 0x00])) },
  empty: { SecretString: '' },
  list: { SecretString: JSON.stringify([VALUE]) },
}

/** What a name is answered with whatever else is right. */
const REFUSED: Readonly<Record<string, readonly [number, string]>> = {
  denied: [400, 'AccessDeniedException'],
  kms: [400, 'DecryptionFailure'],
  expired: [400, 'ExpiredTokenException'],
  deleted: [400, 'InvalidRequestException'],
  throttled: [400, 'ThrottlingException'],
  internal: [500, 'InternalServiceError'],
  invalid: [400, 'InvalidParameterException'],
  token: [403, 'InvalidClientTokenId'],
}

/**
 * AWS Secrets Manager in one region: the protocol JSON 1.1, and its signature.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html,
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 */
export function startSecretsManager(): Promise<string> {
  return serve((asked) => {
    const scope = { id: AWS.id, secret: AWS.secret, region: REGION, service: 'secretsmanager' }
    const wrong = signatureError(asked, scope, Date.now())
    if (wrong !== null) return error(400, wrong)
    const session = asked.headers['x-amz-security-token']
    if (session !== undefined && session !== AWS.session) return error(400, 'ExpiredTokenException')
    return answer(asked)
  })
}

const HEADERS = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'secretsmanager.GetSecretValue',
}

function answer({ method, target, headers, body }: Asked): Told {
  const right = Object.entries(HEADERS).every(([name, value]) => headers[name] === value)
  if (!right || method !== 'POST' || target !== '/') return error(400, 'UnknownOperationException')
  const { SecretId: id = '' } = JSON.parse(body) as { SecretId?: string }
  const arn = /^arn:aws:secretsmanager:([^:]+):\d{12}:secret:(.+)-[A-Za-z0-9]{6}$/.exec(id)
  return arn && arn[1] !== REGION ? error(400, 'ResourceNotFoundException') : secret(arn?.[2] ?? id)
}

function secret(name: string): Told {
  if (Object.hasOwn(REFUSED, name)) return error(...(REFUSED[name] ?? [500, '']))
  const content = Object.hasOwn(SECRETS, name) ? SECRETS[name] : undefined
  if (!content) return error(400, 'ResourceNotFoundException')
  return {
    status: 200,
    json: {
      ARN: `arn:aws:secretsmanager:${REGION}:${AWS.account}:secret:${name}-a1b2c3`,
      CreatedDate: 1.523477145713e9,
      Name: name,
      VersionId: 'EXAMPLE1-90ab-cdef-fedc-ba987SECRET1',
      VersionStages: ['AWSCURRENT'],
      ...content,
    },
  }
}

function error(status: number, name: string): Told {
  return { status, json: { __type: name, Message: `sentinel ${AWS.secret} ${VALUE}` } }
}
