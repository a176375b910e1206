import { AwsV4Signer } from 'aws4fetch'
import { describe, expect, it } from 'vitest'

import { signatureError } from '../sources/servers/sigv4.ts'
import suite from '../vectors/aws_sigv4.json' with { type: 'json' }

const { id, secret, region, service, host, time } = suite
const scope = { id, secret, region, service }
const at = Date.UTC(2015, 7, 30, 12, 36)

/** A request of the suite with a signature. */
function signed(vector: (typeof suite.vectors)[number], signature: string) {
  const credential = `${id}/${time.slice(0, 8)}/${region}/${service}/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${vector.signed}, Signature=${signature}`
  return { ...vector, headers: { ...vector.headers, host, 'x-amz-date': time, authorization } }
}

describe.each(suite.vectors.map((vector) => [vector.name, vector] as const))(
  '%s',
  (_name, vector) => {
    it('is right for the server of the tests, and nothing else is', () => {
      const request = signed(vector, vector.signature)
      expect(signatureError(request, scope, at)).toBeNull()
      const wrong = [
        signatureError({ ...request, method: 'PUT' }, scope, at),
        signatureError({ ...request, target: '/other' }, scope, at),
        signatureError({ ...request, body: `${vector.body} ` }, scope, at),
        signatureError({ ...request, headers: { ...request.headers, host: 'other' } }, scope, at),
        signatureError(
          { ...request, headers: { ...request.headers, 'x-amz-more': '1' } },
          scope,
          at,
        ),
        signatureError(request, { ...scope, secret: 'other' }, at),
        signatureError(request, { ...scope, region: 'eu-west-1' }, at),
        signatureError(request, scope, at + 301_000),
      ]
      expect(new Set(wrong)).toEqual(new Set(['InvalidSignatureException']))
    })

    it('is what aws4fetch signs', async () => {
      const { headers } = await new AwsV4Signer({
        method: vector.method,
        url: `https://${host}${vector.target}`,
        headers: Object.entries(vector.headers),
        body: vector.body,
        accessKeyId: id,
        secretAccessKey: secret,
        service,
        region,
        datetime: time,
        allHeaders: true,
      }).sign()
      expect(headers.get('authorization')).toBe(
        signed(vector, vector.signature).headers.authorization,
      )
    })
  },
)
