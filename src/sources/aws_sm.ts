import { AwsV4Signer } from 'aws4fetch'

import { SourceError } from './backend.ts'
import type { Backend, Reading, SourceAnswer, SourceFailure } from './backend.ts'
import { addressOf, at, contentOf, given, headerOf, textOf } from './reading.ts'
import { partsOf, problemOf } from './reference.ts'

const SCHEME = 'aws-sm'
const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']

const REGION = /^[a-z]{2,8}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html */
const NAME = /^[A-Za-z0-9/_+=.@-]{1,519}$/

const ARN = /^arn:aws[a-z-]{0,12}:secretsmanager:([^:]+):\d{12}:secret:([^:]+)$/

/**
 * What an error of AWS means, by its name; it comes with 400 more often than not.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html and API_GetSecretValue.html there
 */
const ERRORS: ReadonlyMap<string, SourceFailure> = new Map([
  ['ResourceNotFoundException', 'missing'],
  // A secret that waits for its deletion.
  ['InvalidRequestException', 'missing'],
  ...[
    'AccessDeniedException',
    'DecryptionFailure',
    'ExpiredToken',
    'ExpiredTokenException',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'NotAuthorized',
    'OptInRequired',
    'RequestExpired',
    'SignatureDoesNotMatch',
    'UnrecognizedClientException',
  ].map((name) => [name, 'denied'] as const),
  ...[
    'InternalFailure',
    'InternalServiceError',
    'InternalServiceErrorException',
    'ServiceUnavailable',
    'ThrottlingException',
  ].map((name) => [name, 'busy'] as const),
])

/**
 * AWS Secrets Manager: `aws-sm://region/name` or `aws-sm://region/name#field`, by name or ARN, the
 * version labelled AWSCURRENT.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */
export const awsSm: Backend = {
  scheme: SCHEME,
  settings: [...KEYS, 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL_SECRETS_MANAGER'],
  problem: (uri) => {
    // A name may begin with a slash, which makes no empty part of a path: it goes into the body.
    const problem = problemOf(uri.replace(/^(aws-sm:\/\/[^/#]*\/)\//, '$1'), SCHEME)
    if (problem !== null) return problem
    const { region, id } = placeOf(uri)
    if (!REGION.test(region)) return 'is not aws-sm://region/name or aws-sm://region/name#field'
    const [, arnRegion, arnName] = ARN.exec(id) ?? []
    if (arnRegion !== undefined && arnRegion !== region) return 'has an ARN of another region'
    if (NAME.test(arnName ?? id)) return null
    return 'has a name with a character other than letters, digits and /_+=.@-'
  },
  missing: (isSet) => KEYS.filter((name) => !isSet(name)),
  read: async (uri, reading) => {
    const { region, id, field } = placeOf(uri)
    const text = secretOf(await reading.ask(await signed(reading, region, id)))
    return textOf(field === null ? text : at(objectIn(text), field))
  },
}

interface Place {
  readonly region: string
  /** A name or an ARN. */
  readonly id: string
  readonly field: string | null
}

function placeOf(uri: string): Place {
  const { parts, field } = partsOf(uri, SCHEME)
  const [region = '', ...name] = parts
  return { region, id: name.join('/'), field }
}

async function signed(reading: Reading, region: string, id: string): Promise<Request> {
  const session = reading.setting('AWS_SESSION_TOKEN')
  const signer = new AwsV4Signer({
    method: 'POST',
    url: `${addressOf(reading, 'AWS_ENDPOINT_URL_SECRETS_MANAGER', endpointOf(region))}/`,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.GetSecretValue',
    },
    body: JSON.stringify({ SecretId: id }),
    accessKeyId: headerOf(reading, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: headerOf(reading, 'AWS_SECRET_ACCESS_KEY'),
    ...(session !== null && { sessionToken: headerOf(reading, 'AWS_SESSION_TOKEN') }),
    service: 'secretsmanager',
    region,
    datetime: new Date(reading.now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    allHeaders: true,
  })
  const { url, ...init } = await signer.sign()
  return new Request(url, init)
}

/** https://docs.aws.amazon.com/general/latest/gr/asm.html; others are set as the endpoint. */
function endpointOf(region: string): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return `https://secretsmanager.${region}.${domain}`
}

function secretOf(answer: SourceAnswer): string {
  const error = answer.status === 200 ? undefined : ERRORS.get(errorName(answer))
  if (error !== undefined) throw new SourceError(error)
  const json = contentOf(answer)
  const text = at(json, 'SecretString') ?? undefined
  return text === undefined ? decoded(given(at(json, 'SecretBinary'))) : textOf(text)
}

/** `Name`, `prefix#Name` in the body, `Name:address` in the header. */
function errorName({ json, headers }: SourceAnswer): string {
  const type = at(json, '__type')
  const name = typeof type === 'string' ? type : (headers.get('x-amzn-errortype') ?? '')
  return name.slice(name.indexOf('#') + 1).split(':', 1)[0] ?? ''
}

/** Bytes come as base64. What is no text cannot be sent as a credential. */
function decoded(base64: unknown): string {
  try {
    const bytes = Uint8Array.fromBase64(textOf(base64))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (error instanceof SourceError) throw error
    throw new SourceError('malformed', { why: 'bytes that are no text' })
  }
}

/** The secret as JSON with fields. */
function objectIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of JSON.parse quotes the text.
    throw new SourceError('missing', { why: 'the secret is no JSON object, it has no fields' })
  }
}
