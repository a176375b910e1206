import { METHODS } from '../policy/written.ts'
import { LONGEST_MS, MOST_BINARY, MOST_TEXT } from './reading.ts'
import type { ToolText } from './tool.ts'

/** What a model is told of the server as a whole. */
export const INSTRUCTIONS =
  'Outpost makes calls to APIs for you and puts the credentials in: you never see one and need none. ' +
  'list_capabilities says which APIs (providers) you may call and how; request makes one call. ' +
  'A call that is refused says why, and what can be done; request_access asks a person for more. Never put a credential into the arguments.'

const text = { type: 'string' }
const KB = 1024
const refusal = {
  type: 'object',
  description: 'Why Outpost refused; absent when the call was made.',
  properties: { code: text, message: text, metadata: { type: ['object', 'null'] } },
  required: ['code', 'message'],
}
const next = { ...text, description: 'What can be done about it.' }
const provider = { ...text, description: 'The name of a provider, from list_capabilities.' }

const scalar = { type: ['string', 'number', 'boolean'] }

export const LIST_CAPABILITIES: ToolText = {
  name: 'list_capabilities',
  title: 'What may I call?',
  description:
    'The APIs (providers) that you may call through Outpost, with their documentation, the paths that are ' +
    'allowed and denied, whether writes are allowed or wait for a person, limits, and when all of it ends.',
  inputSchema: {
    type: 'object',
    properties: { provider: { ...text, description: 'Only this one.' } },
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      tenant: text,
      project: { type: ['string', 'null'] },
      agent: { type: ['string', 'null'] },
      host: { type: ['string', 'null'] },
      grant: { type: ['object', 'null'] },
      providers: { type: 'array', items: { type: 'object' } },
      refusal,
    },
  },
  annotations: { readOnlyHint: true, openWorldHint: false },
}

export const REQUEST_ACCESS: ToolText = {
  name: 'request_access',
  title: 'Ask for more access',
  description:
    'Asks a person for more than the grant allows: at one provider, read or write, all that it allows or only ' +
    'the rules of "allow". Nothing is allowed until a person says so, which may take hours. Call it again ' +
    'with the same arguments to see what was decided; that makes no second question.',
  inputSchema: {
    type: 'object',
    properties: {
      provider,
      access: { ...text, enum: ['read', 'write'] },
      allow: {
        type: 'array',
        description: 'Only these. * is one segment of a path, ** any number.',
        items: {
          type: 'object',
          properties: { method: text, pattern: { ...text, description: '/repos/acme/**' } },
          required: ['method', 'pattern'],
        },
      },
      reason: { ...text, description: 'What it is needed for. The person who decides reads it.' },
      duration: { type: 'integer', description: 'Seconds; without it, as long as the grant.' },
    },
    required: ['provider', 'access', 'reason'],
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      state: { ...text, enum: ['pending', 'approved', 'denied', 'granted'] },
      id: text,
      status_url: text,
      expires_at: text,
      refusal,
      next,
    },
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
}

export const REQUEST: ToolText = {
  name: 'request',
  title: 'Call an API',
  description:
    'Makes one HTTP call to a provider. The credential is put in on the way. The answer has the status, ' +
    `headers that matter, and the body: text up to ${MOST_TEXT / KB} KiB, anything else in base64 up to ` +
    `${MOST_BINARY / KB} KiB; a stream is read for ${LONGEST_MS / 1000} s at most. "truncated" says whether ` +
    'something is missing. A refusal by Outpost is an error with "refusal" and, often, "next".',
  inputSchema: {
    type: 'object',
    properties: {
      method: { ...text, enum: METHODS },
      provider,
      path: {
        ...text,
        description:
          "Below the provider's base URL, percent-encoded, without query: /repos/acme/site",
      },
      query: {
        description: 'Names and values, or a query string that is encoded already.',
        anyOf: [
          {
            type: 'object',
            additionalProperties: { anyOf: [scalar, { type: 'array', items: scalar }] },
          },
          text,
        ],
      },
      headers: {
        type: 'object',
        additionalProperties: text,
        description: 'Beside those that are set anyway. No credentials, cookies or host.',
      },
      body: { description: 'A text is sent as it is, any other JSON value as JSON.' },
    },
    required: ['method', 'provider', 'path'],
    additionalProperties: false,
  },
  outputSchema: {
    type: 'object',
    properties: {
      status: { type: 'integer' },
      request_id: text,
      headers: { type: 'object', additionalProperties: text },
      body: text,
      encoding: { ...text, enum: ['text', 'base64'] },
      truncated: { ...text, enum: ['no', 'size', 'time', 'broken'] },
      refusal,
      next,
    },
    required: ['status'],
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
}
