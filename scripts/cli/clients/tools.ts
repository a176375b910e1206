import { baseOf, exported } from './settings.ts'
import type { ClientSettings } from './settings.ts'

const HELPER = `!f() { echo username=agent; echo "password=$OUTPOST_TOKEN"; }; f`

/** Tools of APIs, and SDKs that read the environment. */
export const TOOLS: readonly ClientSettings[] = [
  {
    name: 'git',
    title: 'git',
    provider: 'github-git',
    settings: (where) => [
      exported({ OUTPOST_TOKEN: where.token }),
      {
        shell: [
          `git config --global credential.${where.url}.helper '${HELPER}'`,
          `git config --global url.${baseOf(where)}/.insteadOf https://github.com/`,
        ],
      },
    ],
    pages: [
      'https://git-scm.com/docs/gitcredentials',
      'https://git-scm.com/docs/git-config#Documentation/git-config.txt-urlltbasegtinsteadOf',
    ],
    tried: '2.39.5, by test/clients/printed.test.ts; pushes and more by test/clients/git.test.ts',
  },
  {
    name: 'gh',
    title: 'GitHub CLI',
    provider: 'github',
    settings: ({ url, provider, token }) => [
      exported({
        GH_HOST: `${provider}.${new URL(url).host}`,
        GH_ENTERPRISE_TOKEN: token,
      }),
    ],
    pages: ['https://cli.github.com/manual/gh_help_environment'],
    tried: '2.23.0, by test/clients/programs/gh.test.ts',
    unreachable: ({ protocol, port, hostname }) =>
      protocol === 'https:' && port === '' && /[a-z]/i.test(hostname)
        ? null
        : 'it takes a host name over HTTPS, without a port: the one that OUTPOST_DOMAIN has',
  },
  {
    name: 'aws',
    title: 'AWS CLI and SDKs',
    provider: 's3',
    settings: (where) => [
      exported({
        // For every service: none may go to AWS itself with these keys.
        AWS_ENDPOINT_URL: baseOf(where),
        AWS_ACCESS_KEY_ID: where.token,
        AWS_SECRET_ACCESS_KEY: 'unused',
        AWS_SESSION_TOKEN: '',
        AWS_DEFAULT_REGION: 'us-east-1',
      }),
      { steps: ['The region is that of the bucket, unless the provider names one.'] },
    ],
    pages: [
      'https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html',
      'https://docs.aws.amazon.com/cli/v1/userguide/cli-configure-envvars.html',
    ],
    tried:
      '1.45.11, by test/clients/programs/aws.test.ts; older ones than 1.29 and 2.13 take `--endpoint-url` alone',
  },
  {
    name: 'stripe',
    title: 'Stripe CLI',
    provider: 'stripe',
    settings: ({ url, token }) => [
      exported({ STRIPE_API_KEY: `sk_test_${token}` }),
      {
        steps: [
          'It drops the path of an address: the grant has to be for this provider alone.',
          `stripe get /v1/customers --api-base ${url}`,
        ],
      },
    ],
    pages: ['https://docs.stripe.com/cli', 'https://github.com/stripe/stripe-cli/pull/1007'],
    tried: '1.52.0, by test/clients/programs/stripe_cli.test.ts',
    unreachable: ({ protocol, hostname }) =>
      protocol === 'http:' && hostname === '127.0.0.1'
        ? null
        : 'it sends its key to Stripe and to http://127.0.0.1:PORT, and nowhere else',
  },
  {
    name: 'npm',
    title: 'npm',
    provider: 'npm',
    settings: (where) => [
      {
        file: '~/.npmrc',
        comment: '#',
        text: [
          `registry=${baseOf(where)}/`,
          `${baseOf(where).replace(/^https?:/, '')}/:_authToken=\${OUTPOST_TOKEN}`,
        ],
      },
      exported({ OUTPOST_TOKEN: where.token }),
    ],
    pages: ['https://docs.npmjs.com/cli/v11/configuring-npm/npmrc'],
    tried: '11.19.1, by test/clients/printed.test.ts; publishing by test/clients/npm.test.ts',
  },
  {
    name: 'curl',
    title: 'curl',
    provider: 'demo',
    settings: (where) => [
      exported({ OUTPOST_TOKEN: where.token }),
      { shell: [`curl -H "X-Outpost-Auth: $OUTPOST_TOKEN" ${baseOf(where)}/hello`] },
    ],
    pages: ['https://curl.se/docs/manpage.html#-H'],
    tried: '7.88.1, by test/clients/printed.test.ts',
  },
  {
    name: 'openai',
    title: 'OpenAI’s SDKs',
    provider: 'openai',
    settings: (where) => [
      exported({ OPENAI_BASE_URL: `${baseOf(where)}/v1`, OPENAI_API_KEY: where.token }),
    ],
    pages: ['https://github.com/openai/openai-node#readme'],
    tried: '6.49.0 of npm, by test/clients/models.test.ts and test/clients/printed.test.ts',
  },
  {
    name: 'anthropic',
    title: 'Anthropic’s SDKs',
    provider: 'anthropic',
    settings: (where) => [
      exported({ ANTHROPIC_BASE_URL: baseOf(where), ANTHROPIC_API_KEY: where.token }),
    ],
    pages: ['https://github.com/anthropics/anthropic-sdk-typescript#readme'],
    tried: '1.14.0 of npm, by test/clients/models.test.ts and test/clients/printed.test.ts',
  },
]
