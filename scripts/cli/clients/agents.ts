import { baseOf, exported, notFromOutside } from './settings.ts'
import type { ClientSettings } from './settings.ts'

/** For clients that want a model named. It is the person's choice, and any that the provider has will do. */
const MODEL = 'gpt-5.5'

const BY_HAND = 'not run here'

/** Coding agents. */
export const AGENTS: readonly ClientSettings[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    provider: 'anthropic',
    settings: (where) => [
      exported({
        ANTHROPIC_BASE_URL: baseOf(where),
        ANTHROPIC_AUTH_TOKEN: where.token,
        // A key that is set goes before the token.
        ANTHROPIC_API_KEY: '',
      }),
    ],
    pages: [
      'https://code.claude.com/docs/en/llm-gateway',
      'https://code.claude.com/docs/en/settings',
    ],
    tried: '2.1.197, by test/clients/programs/claude_code.test.ts',
  },
  {
    name: 'codex',
    title: 'Codex',
    provider: 'openai',
    settings: (where) => [
      {
        file: '~/.codex/config.toml',
        comment: '#',
        text: [
          'model_provider = "outpost"',
          '',
          '[model_providers.outpost]',
          'name = "Outpost"',
          `base_url = "${baseOf(where)}/v1"`,
          'env_key = "OUTPOST_TOKEN"',
          'wire_api = "responses"',
        ],
      },
      exported({ OUTPOST_TOKEN: where.token }),
    ],
    pages: ['https://developers.openai.com/codex/config-advanced'],
    tried: '0.169.0, by test/clients/programs/codex.test.ts',
  },
  {
    name: 'cursor',
    title: 'Cursor',
    provider: 'openai',
    settings: (where) => [
      {
        steps: [
          'Cursor Settings, Models, API Keys:',
          `OpenAI API Key: ${where.token}`,
          `Override OpenAI Base URL: ${baseOf(where)}/v1`,
          `Add model: ${MODEL}`,
        ],
      },
    ],
    pages: ['https://openrouter.ai/docs/cookbook/coding-agents/cursor-integration'],
    tried: `${BY_HAND}: it needs an account. The names are from another gateway’s page; no page of Cursor’s own was found that has them`,
    unreachable: notFromOutside,
  },
  {
    name: 'openhands',
    title: 'OpenHands',
    provider: 'openai',
    settings: (where) => [
      exported({
        LLM_MODEL: `openai/${MODEL}`,
        LLM_BASE_URL: `${baseOf(where)}/v1`,
        LLM_API_KEY: where.token,
      }),
      { steps: ['It takes them only when told to: openhands --override-with-envs'] },
    ],
    pages: [
      'https://docs.openhands.dev/openhands/usage/llms/openai-llms',
      'https://docs.openhands.dev/openhands/usage/environment-variables',
    ],
    tried: `${BY_HAND}: it could not be installed`,
  },
  {
    name: 'aider',
    title: 'Aider',
    provider: 'openai',
    settings: (where) => [
      exported({
        OPENAI_API_BASE: `${baseOf(where)}/v1`,
        OPENAI_API_KEY: where.token,
        AIDER_MODEL: `openai/${MODEL}`,
      }),
    ],
    pages: [
      'https://aider.chat/docs/llms/openai-compat.html',
      'https://aider.chat/docs/config/dotenv.html',
    ],
    tried: `${BY_HAND}: it could not be installed`,
  },
  {
    name: 'openclaw',
    title: 'OpenClaw',
    provider: 'openai',
    settings: (where) => [
      {
        file: '~/.openclaw/openclaw.json',
        comment: '//',
        text: [
          '{',
          '  models: {',
          '    providers: {',
          '      outpost: {',
          `        baseUrl: "${baseOf(where)}/v1",`,
          '        apiKey: "${OUTPOST_TOKEN}",',
          '        api: "openai-completions",',
          `        models: [{ id: "${MODEL}", name: "${MODEL}" }],`,
          '      },',
          '    },',
          '  },',
          `  agents: { defaults: { model: { primary: "outpost/${MODEL}" } } },`,
          '}',
        ],
      },
      exported({ OUTPOST_TOKEN: where.token }),
    ],
    pages: ['https://docs.openclaw.ai/concepts/model-providers'],
    tried:
      '2026.9.6, by hand: `openclaw agent --local` with this file, against a stand-in of the API, without Outpost between',
  },
  {
    name: 'hermes',
    title: 'Hermes',
    provider: 'openai',
    settings: (where) => [
      {
        file: '~/.hermes/config.yaml',
        comment: '#',
        text: [
          'model:',
          `  default: ${MODEL}`,
          '  provider: custom',
          `  base_url: ${baseOf(where)}/v1`,
          `  api_key: ${where.token}`,
        ],
      },
    ],
    pages: ['https://hermes-agent.nousresearch.com/docs/integrations/providers'],
    tried: `${BY_HAND}: it could not be installed`,
  },
  {
    name: 'gemini-cli',
    title: 'Gemini CLI',
    provider: 'gemini',
    settings: (where) => [
      {
        file: '~/.gemini/settings.json',
        comment: '//',
        text: ['{ "security": { "auth": { "selectedType": "gemini-api-key" } } }'],
      },
      exported({ GOOGLE_GEMINI_BASE_URL: baseOf(where), GEMINI_API_KEY: where.token }),
    ],
    pages: [
      'https://github.com/google-gemini/gemini-cli/pull/25357',
      'https://github.com/google-gemini/gemini-cli/blob/main/docs/reference/configuration.md',
    ],
    tried: '0.61.0, by test/clients/programs/gemini_cli.test.ts',
    unreachable: ({ protocol, hostname }) =>
      protocol === 'https:' || /^(127\.|localhost$|\[::1\])/.test(hostname)
        ? null
        : 'it takes http:// only from this machine',
  },
]
