import * as v from 'valibot'

/** What the endpoints about wider grants answer: see answers.ts. */
const time = v.pipe(v.string(), v.isoTimestamp())
const access = v.picklist(['read', 'write'])
const allow = v.nullable(
  v.array(v.strictObject({ methods: v.array(v.string()), pattern: v.string() })),
)
const state = v.picklist(['pending', 'approved', 'denied', 'expired'])

/** What was added to a grant, as the grant shows it. */
export const widening = v.strictObject({
  id: v.string(),
  provider: v.string(),
  access,
  allow,
  until: v.nullable(time),
})

export const accessRequest = v.strictObject({
  id: v.string(),
  state,
  tenant: v.string(),
  project: v.nullable(v.string()),
  agent: v.string(),
  grant: v.string(),
  grant_note: v.string(),
  provider: v.string(),
  access,
  allow,
  duration: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))),
  reason: v.string(),
  created_at: time,
  expires_at: time,
  decided_at: v.nullable(time),
  decided_by: v.nullable(v.string()),
})

const one = v.strictObject({ access_request: accessRequest })

export const accessAnswers = {
  listAccessRequests: v.strictObject({ access_requests: v.array(accessRequest) }),
  accessRequest: one,
  approveAccess: one,
  denyAccess: one,
  accessStatus: v.strictObject({ id: v.string(), state, expires_at: time }),
}
