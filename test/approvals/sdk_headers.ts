/** Headers as an SDK sends them; the values are made up. */
export interface Sdk {
  readonly sdk: string
  readonly first: Readonly<Record<string, string>>
  /** What is another when the same call is sent again, by the SDK or by the program. */
  readonly again: Readonly<Record<string, string>>
  /** The names that an approval is bound to and shows, in order. */
  readonly bound: readonly string[]
  /** Another value of these makes another call. */
  readonly meant: Readonly<Record<string, string>>
}

const JSON_TYPE = { accept: 'application/json', 'content-type': 'application/json' }

export const SDKS: readonly Sdk[] = [
  {
    // openai-node, and every SDK that Stainless has made.
    sdk: 'openai',
    first: {
      ...JSON_TYPE,
      'user-agent': 'OpenAI/JS 6.9.0',
      'x-stainless-retry-count': '0',
      'x-stainless-timeout': '600',
      'x-stainless-lang': 'js',
      'x-stainless-runtime-version': 'v22.20.0',
      'idempotency-key': 'stainless-node-retry-1',
      'openai-organization': 'org-a',
      'openai-project': 'proj-a',
    },
    again: {
      'x-stainless-retry-count': '1',
      'x-stainless-timeout': '300',
      'idempotency-key': 'stainless-node-retry-2',
    },
    bound: ['openai-organization', 'openai-project'],
    meant: { 'openai-project': 'proj-b', 'openai-beta': 'assistants=v2' },
  },
  {
    // stripe-node, `_makeHeaders`; the telemetry is of the answer before, so it is not there each time.
    sdk: 'stripe',
    first: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'Stripe/v1 NodeBindings/19.3.0',
      'x-stripe-client-user-agent': '{"lang":"node"}',
      'stripe-version': '2026-10-29.clover',
      'stripe-account': 'acct_a',
      'idempotency-key': 'stripe-node-retry-1',
    },
    again: {
      'x-stripe-client-telemetry': '{"last_request_metrics":{"request_id":"req_1"}}',
      'x-stripe-client-user-agent': '{"lang":"node","uname":"linux"}',
      'idempotency-key': 'stripe-node-retry-2',
    },
    bound: ['stripe-account', 'stripe-version'],
    meant: { 'stripe-account': 'acct_b', 'stripe-context': 'ctx', 'stripe-version': '2020-08-27' },
  },
  {
    // @smithy/middleware-retry, and the signer of SigV4.
    sdk: 'aws sdk v3',
    first: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      'x-amz-date': '20261125T200000Z',
      'x-amz-content-sha256': 'e3b0c442',
      'x-amz-user-agent': 'aws-sdk-js/3.940.0',
      'amz-sdk-invocation-id': '11111111-1111-4111-8111-111111111111',
      'amz-sdk-request': 'attempt=1; max=3',
      authorization: 'AWS4-HMAC-SHA256 Credential=a, Signature=1',
    },
    again: {
      'x-amz-date': '20261125T200100Z',
      'amz-sdk-invocation-id': '22222222-2222-4222-8222-222222222222',
      'amz-sdk-request': 'ttl=20261125T200130Z; attempt=2; max=3',
      authorization: 'AWS4-HMAC-SHA256 Credential=a, Signature=2',
    },
    bound: ['x-amz-content-sha256', 'x-amz-target'],
    meant: {
      'x-amz-target': 'DynamoDB_20120810.DeleteTable',
      'x-amz-invocation-type': 'Event',
      'x-amz-copy-source': '/b/k',
    },
  },
  {
    // octokit.
    sdk: 'octokit',
    first: {
      accept: 'application/vnd.github.v3+json',
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'octokit-core.js/7.0.6 Node.js/22',
      'x-github-api-version': '2022-11-28',
    },
    again: { accept: 'application/vnd.github.raw+json', 'user-agent': 'octokit-core.js/7.0.7' },
    bound: ['x-github-api-version'],
    meant: { 'x-github-api-version': '2026-03-10' },
  },
  {
    // googleapis, and @google-cloud/storage with its `gccl-invocation-id`.
    sdk: 'googleapis',
    first: {
      ...JSON_TYPE,
      'user-agent': 'google-api-nodejs-client/10.5.0 (gzip)',
      'x-goog-api-client': 'gdcl/10.5.0 gl-node/22.20.0 gccl-invocation-id/1111',
      'x-goog-user-project': 'project-a',
      'x-goog-gcs-idempotency-token': '1111',
    },
    again: {
      'x-goog-api-client': 'gdcl/10.5.0 gl-node/22.20.0 gccl-invocation-id/2222',
      'x-goog-gcs-idempotency-token': '2222',
    },
    bound: ['x-goog-user-project'],
    meant: { 'x-goog-user-project': 'project-b', 'if-match': '"1"' },
  },
  {
    // @slack/web-api.
    sdk: 'slack',
    first: {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': '@slack:web-api/7.12.0 node/22.20.0 linux/6.8.0',
      'accept-encoding': 'gzip, compress, deflate, br',
    },
    again: { 'accept-encoding': 'gzip', 'user-agent': '@slack:web-api/7.12.0 node/22.21.0' },
    bound: [],
    meant: { 'content-type': 'application/json' },
  },
]
