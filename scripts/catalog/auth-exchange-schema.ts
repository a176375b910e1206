import { z } from 'zod'

import type { ExchangeAuth, QueryParamsAuth } from '../../src/auth/config.ts'
import { namedSettings, template } from './auth-template.ts'
import { headerKeys, jsonPath, paramName, statuses } from './auth-value.ts'
import { endpointUrl } from './base-url.ts'
import { ALWAYS, AT_KEY, atMostOne } from './exactly-one.ts'
import { settableHeader } from './header-name.ts'
import { checked, choice, text, whole } from './value.ts'

const field = text({ what: 'the name of a field' })

/** Logs in once, and uses what came back. */
export const exchange = z
  .strictObject({
    type: z.literal('exchange'),
    url: checked('the URL that logs in', endpointUrl),
    method: choice(['POST', 'GET', 'PUT']).default('POST'),
    headers: namedSettings(settableHeader).default([]),
    json: template.optional(),
    form: namedSettings(field).optional(),
    token: jsonPath,
    expires_in: jsonPath.optional(),
    expires_at: jsonPath.optional(),
    ttl_fallback: whole(1).default(3600),
    ...headerKeys('Authorization', 'Bearer '),
    invalidate_on: statuses(401),
  })
  .superRefine(atMostOne('json', 'form'), ALWAYS)
  .superRefine(atMostOne('expires_in', 'expires_at'), ALWAYS)
  .superRefine(({ method, json, form }, context) => {
    if (method !== 'GET' || (json === undefined && form === undefined)) return
    const message = 'a GET has no body'
    const path = [json === undefined ? 'form' : 'json']
    context.addIssue({ code: 'custom', path, message, params: AT_KEY })
  })
  .transform(({ json, form, ...found }): ExchangeAuth => ({
    ...found,
    body: json === undefined ? (form === undefined ? null : { form }) : { json },
    expires_in: found.expires_in ?? null,
    expires_at: found.expires_at ?? null,
  }))

/** Several query parameters. */
export const queryParams = z
  .strictObject({
    type: z.literal('query_params'),
    params: namedSettings(paramName).refine(
      (params) => params.length > 0,
      'expected a parameter or more',
    ),
    invalidate_on: statuses(401),
  })
  .transform((found): QueryParamsAuth => found)
