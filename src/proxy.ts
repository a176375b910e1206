import { admit, coolDown } from './admission.ts'
import { eventOf } from './audit/event.ts'
import type { Progress } from './audit/event.ts'
import { slotOf } from './cache.ts'
import { lookUp, readCall, resolve } from './call.ts'
import type { Deps } from './deps.ts'
import { forward } from './forward.ts'
import { claimKey, holding } from './idempotency.ts'
import { identify, placeOf, reachOf } from './identity.ts'
import { outbound, sign } from './outbound.ts'
import { decide, permitted } from './policy/decide.ts'
import type { Permit } from './policy/decide.ts'
import { asRefusal, refuse } from './refusal.ts'
import { relay } from './relay.ts'
import { forwardSigned, judgeBody } from './retry.ts'
import { checkBody, readBody, upload } from './upload.ts'

/**
 * One call, from the agent's request to the agent's response. Every ending is recorded, also that
 * of a call whose agent has gone before there was an answer.
 */
export function proxy(request: Request, deps: Deps): Promise<Response> {
  const response = recorded(request, deps)
  deps.waitUntil(response)
  return response
}

async function recorded(request: Request, deps: Deps): Promise<Response> {
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

/** Who asks for what, and may they. Then a stored answer where there is one, else the upstream's. */
async function answer(request: Request, deps: Deps, so: Progress): Promise<Response> {
  const call = (so.call = readCall(request, deps.settings))
  const named = (so.provider = lookUp(deps.catalog, call.named))
  const place = (so.place = placeOf(request, deps))
  const caller = (so.caller = identify(call, named, place, deps.settings))
  const provider = resolve(call, named, reachOf(caller, deps.catalog))
  const permit = permitted((so.decision = decide(caller, provider, call)))
  checkBody(permit)

  const slot = slotOf(permit)
  const stored = slot && deps.cache.find(slot, request.headers, deps.now())
  if (stored) return stored
  const held = await claimKey(permit, deps)
  if (held instanceof Response) return held
  if (held) return holding(held, exchange(permit, deps, so, true), deps)
  const { upstream, response } = await exchange(permit, deps, so, false)
  if (!slot) return response
  return deps.cache.store(slot, { request: request.headers, upstream, response }, deps)
}

/** The stages from the limiter to the answer, in order: none runs before the ones above it. */
async function exchange(permit: Permit, deps: Deps, so: Progress, hashed: boolean) {
  const { provider } = permit
  const signedBody = provider.credential.reads_body ? await readBody(permit) : null
  const limits = await admit(permit, deps)

  // ───────────── no secret has been read above this line ─────────────
  const credentials = (so.credentials = deps.credentials(permit))
  const signer = deps.signerOf(provider)
  const attempt = async () => {
    const draft = outbound(permit, signedBody)
    await sign(draft, signer, credentials, deps.now())
    return forward(permit, draft, upload(permit, signedBody, hashed), deps.send)
  }
  const admitAgain = () =>
    admit(permit, deps).then(
      () => true,
      () => false,
    )
  const judged = { credentials, rejection: signer.rejection, signedBody, admitAgain }
  const upstream = judgeBody(await forwardSigned(attempt, permit, judged), judged, deps.waitUntil)
  coolDown(permit, upstream.response, deps)
  const response = await relay(upstream, permit, credentials.opened)
  for (const [name, value] of limits) response.headers.set(name, value)
  return { upstream: upstream.response, response, digest: upstream.digest }
}
