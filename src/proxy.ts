import { eventOf } from './audit/event.ts'
import type { Progress } from './audit/event.ts'
import { lookUp, readCall, resolve } from './call.ts'
import type { Deps } from './deps.ts'
import { forward } from './forward.ts'
import { availableTo, identify, placeOf } from './identity.ts'
import { outbound, sign } from './outbound.ts'
import { decide, permitted } from './policy/decide.ts'
import { asRefusal, refuse } from './refusal.ts'
import { relay } from './relay.ts'
import { checkBody, readBody, upload } from './upload.ts'

/** One call, from the agent's request to the agent's response. Every ending is recorded. */
export async function proxy(request: Request, deps: Deps): Promise<Response> {
  const at = deps.now()
  const id = deps.newId(at)
  const so: Progress = {}
  const response = await answer(request, deps, so).catch((error: unknown) =>
    refuse((so.refusal = asRefusal(error))),
  )
  response.headers.set('x-outpost-request-id', id)
  deps.write(eventOf(so, { id, at, now: deps.now(), request, response }))
  return response
}

/** The stages, in order. Any of them may throw a Refusal; none runs before the ones above it. */
async function answer(request: Request, deps: Deps, so: Progress): Promise<Response> {
  const call = (so.call = readCall(request, deps.settings))
  const named = (so.provider = lookUp(deps.catalog, call.named))
  const place = (so.place = placeOf(request, deps))
  const caller = (so.caller = identify(call, named, place, deps.settings))
  const provider = resolve(call, named, () => availableTo(caller, deps.catalog))
  const permit = permitted((so.decision = decide(caller, provider, call)))
  checkBody(permit)
  const signedBody = provider.credential.reads_body ? await readBody(permit) : null

  // ───────────── no secret has been read above this line ─────────────
  const credentials = (so.credentials = deps.credentials(permit))
  const draft = outbound(permit, signedBody)
  await sign(draft, deps.signerOf(provider), credentials, deps.now())
  const upstream = await forward(permit, draft, upload(permit, signedBody), deps.send)
  return relay(upstream, permit, credentials.opened)
}
