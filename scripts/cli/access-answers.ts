import * as v from 'valibot'

import { Rule } from './answers.ts'

/** What is read of the server's answers about wider grants: see answers.ts. */
const text = v.nullish(v.string(), null)

const AccessView = v.looseObject({
  id: v.string(),
  state: v.string(),
  tenant: v.string(),
  project: text,
  agent: v.string(),
  grant: text,
  grant_note: v.nullish(v.string(), ''),
  provider: v.string(),
  access: v.nullish(v.string(), 'read'),
  allow: v.nullish(v.array(Rule), null),
  duration: v.nullish(v.number(), null),
  reason: v.nullish(v.string(), ''),
  created_at: v.string(),
  expires_at: v.string(),
  decided_at: text,
  decided_by: text,
})
export type AccessView = v.InferOutput<typeof AccessView>

export const OneAccess = v.object({ access_request: AccessView })
export const Accesses = v.object({ access_requests: v.array(AccessView) })
