import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'

import { awsSm } from '../../src/sources/aws_sm.ts'
import { failureOf, faults, readerOf, readingOf } from './reading.ts'
import type { SettingsOf } from './reading.ts'
import { AWS, OTHER, VALUE } from './world.ts'

const address = env.BACKENDS.aws
const SETTINGS = {
  AWS_ENDPOINT_URL_SECRETS_MANAGER: address,
  AWS_ACCESS_KEY_ID: AWS.id,
  AWS_SECRET_ACCESS_KEY: AWS.secret,
}
const REGION = 'aws-sm://eu-west-1'
const ARN = `arn:aws:secretsmanager:eu-west-1:${AWS.account}:secret`
const read = readerOf(awsSm)

describe('aws-sm://', () => {
  it.each<[string, SettingsOf, string, string]>([
    ['the whole text', SETTINGS, `${REGION}/plain`, VALUE],
    ['a field', SETTINGS, `${REGION}/prod/stripe#key`, VALUE],
    [
      'with a session token',
      { ...SETTINGS, AWS_SESSION_TOKEN: AWS.session },
      `${REGION}/plain`,
      VALUE,
    ],
    ['a name with a slash in front', SETTINGS, `${REGION}//prod/leading`, VALUE],
    ['a name of any characters', SETTINGS, `${REGION}/odd/name_+=.@-1`, OTHER],
    ['by ARN', SETTINGS, `${REGION}/${ARN}:prod/stripe-a1b2c3#key`, VALUE],
    ['bytes that are text', SETTINGS, `${REGION}/binary`, VALUE],
    ['a field in bytes', SETTINGS, `${REGION}/binary/json#key`, VALUE],
  ])('reads %s', async (_what, settings, uri, value) => {
    expect(await read(uri, readingOf(settings))).toBe(value)
  })

  it.each([
    ['no secret', 'nothing', 'missing'],
    ['no secret of this ARN', `${ARN}:nothing-a1b2c3`, 'missing'],
    ['a secret that is to be deleted', 'deleted', 'missing'],
    ['no field', 'prod/stripe#nothing', 'missing'],
    ['what every object inherits', 'prod/stripe#constructor', 'missing'],
    ['an empty field', 'prod/stripe#empty', 'missing'],
    ['a null field', 'prod/stripe#none', 'missing'],
    ['an empty secret', 'empty', 'missing'],
    ['a number', 'prod/stripe#number', 'malformed: not text'],
    ['a field of text', 'plain#key', 'missing: the secret is no JSON object, it has no fields'],
    ['a field of a list', 'list#0', 'missing'],
    ['bytes that are no text', 'binary/bytes', 'malformed: bytes that are no text'],
    ['no permission', 'denied', 'denied'],
    ['a key of KMS that is off', 'kms', 'denied'],
    ['a token that has expired', 'expired', 'denied'],
    ['a key that is not known', 'token', 'denied'],
    ['too many requests', 'throttled', 'busy'],
    ['an error of the service', 'internal', 'busy'],
    ['an error of another name', 'invalid', 'malformed: status 400'],
  ])('%s', async (_what, name, failure) => {
    expect(await failureOf(read(`${REGION}/${name}`, readingOf(SETTINGS)))).toBe(failure)
  })

  it.each<[string, SettingsOf, string, string]>([
    [
      'a wrong secret key',
      { ...SETTINGS, AWS_SECRET_ACCESS_KEY: 'sentinel-wrong' },
      REGION,
      'denied',
    ],
    ['a wrong key id', { ...SETTINGS, AWS_ACCESS_KEY_ID: 'AKIDOTHER' }, REGION, 'denied'],
    ['another region', SETTINGS, 'aws-sm://eu-west-2', 'denied'],
    [
      'a wrong session token',
      { ...SETTINGS, AWS_SESSION_TOKEN: 'sentinel-wrong' },
      REGION,
      'denied',
    ],
    [
      'no key',
      { AWS_ACCESS_KEY_ID: AWS.id },
      REGION,
      'unconfigured: AWS_SECRET_ACCESS_KEY is not set',
    ],
    [
      'a session token of two lines',
      { ...SETTINGS, AWS_SESSION_TOKEN: 'sentinel\nx' },
      REGION,
      'unconfigured: AWS_SESSION_TOKEN has a character that no token has',
    ],
  ])('%s', async (_what, settings, region, failure) => {
    expect(await failureOf(read(`${region}/plain`, readingOf(settings)))).toBe(failure)
  })

  it('is refused when its clock is wrong', async () => {
    const reading = readingOf(SETTINGS, { now: Date.now() - 3_600_000 })
    expect(await failureOf(read(`${REGION}/plain`, reading))).toBe('denied')
  })

  it.each(
    faults({
      400: 'malformed: status 400',
      null: 'malformed',
      list: 'malformed',
      text: 'malformed',
    }),
  )('a server that answers %s: %s', async (fault, failure) => {
    const settings = {
      ...SETTINGS,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `${address}/as/${fault}`,
    }
    expect(await failureOf(read(`${REGION}/plain`, readingOf(settings)))).toBe(failure)
  })

  it.each([
    ['eu-west-1', 'https://secretsmanager.eu-west-1.amazonaws.com/'],
    ['us-gov-west-1', 'https://secretsmanager.us-gov-west-1.amazonaws.com/'],
    ['cn-north-1', 'https://secretsmanager.cn-north-1.amazonaws.com.cn/'],
  ])('asks AWS in %s when no endpoint is set', async (region, url) => {
    const { AWS_ENDPOINT_URL_SECRETS_MANAGER: _, ...settings } = SETTINGS
    const reading = readingOf(settings, {
      ask: () => Promise.resolve({ status: 503, headers: new Headers(), json: {} }),
    })
    expect(await failureOf(read(`aws-sm://${region}/plain`, reading))).toBe('busy')
    expect(reading.asked.map((each) => each.url)).toEqual([url])
    const [request] = reading.asked
    expect(await request?.text()).toBe('{"SecretId":"plain"}')
    expect(request?.headers.get('authorization')).toContain(
      `/${region}/secretsmanager/aws4_request`,
    )
    expect(request?.headers.get('authorization')).toContain(
      'SignedHeaders=accept;content-type;host;x-amz-date;x-amz-target,',
    )
  })

  it.each([
    ['in the body', { __type: 'ResourceNotFoundException' }, undefined],
    [
      'with a prefix',
      { __type: 'com.amazonaws.secretsmanager#ResourceNotFoundException' },
      undefined,
    ],
    ['in a header', undefined, 'ResourceNotFoundException'],
    ['in a header with more', {}, 'ResourceNotFoundException:http://internal.amazon.com/x/'],
  ])('knows an error that is named %s', async (_where, json, type) => {
    const headers = new Headers(type === undefined ? {} : { 'x-amzn-errortype': type })
    const reading = readingOf(SETTINGS, {
      ask: () => Promise.resolve({ status: 400, headers, json }),
    })
    expect(await failureOf(read(`${REGION}/plain`, reading))).toBe('missing')
  })

  it('says what is not set', () => {
    expect(awsSm.missing(() => false)).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    expect(awsSm.missing((name) => name.includes('KEY'))).toEqual([])
  })
})
