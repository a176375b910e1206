import { VERSION } from '../version.ts'

const json = (description: string) => ({ description, content: { 'application/json': {} } })

/** The endpoints of the proxy itself, in OpenAPI 3.1. Providers' own APIs are not described. */
export const OPENAPI = {
  openapi: '3.1.0',
  info: { title: 'Outpost', version: VERSION, description: 'Edge credential proxy for AI agents' },
  components: {
    securitySchemes: {
      caller: { type: 'apiKey', in: 'header', name: 'X-Outpost-Auth' },
      operator: { type: 'http', scheme: 'bearer' },
    },
  },
  paths: {
    '/healthz': {
      get: {
        summary: 'Liveness; to an accepted caller also the names of its providers',
        responses: { 200: json('Alive') },
      },
    },
    '/providers': {
      get: {
        summary: 'The providers that the caller may use',
        security: [{ caller: [] }],
        responses: {
          200: json('name, base_url and description of each'),
          401: json('PROXY_AUTH_REQUIRED'),
          403: json('PROXY_HOST_DENIED'),
        },
      },
    },
    '/openapi.json': {
      get: { summary: 'This document', responses: { 200: json('OpenAPI 3.1') } },
    },
    '/docs': {
      get: {
        summary: 'How to call, as a page',
        responses: { 200: { description: 'HTML', content: { 'text/html': {} } } },
      },
    },
    '/_outpost/status': {
      get: {
        summary: 'What is compiled in and what is missing',
        security: [{ operator: [] }],
        responses: {
          200: json('version, providers, hosts, problems'),
          401: json('PROXY_AUTH_REQUIRED'),
          503: json('PROXY_CONTROL_CLOSED: no way to be an operator is configured'),
        },
      },
    },
  },
} as const
