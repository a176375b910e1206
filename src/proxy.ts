import { admit, coolDown } from './admission.ts'
import { admitApproved } from './approve.ts'
import { decideAsked } from './asked.ts'
import type { Progress } from './audit/describe.ts'
import { writeCall, writeEchoes } from './audit/write.ts'
import { slotOf } from './cache.ts'
import { laidOut, lookUp, namedByGrant, readCall, resolve } from './call.ts'
import { challenging } from './challenge.ts'
import type { Deps } from './deps.ts'
import { forward } from './forward.ts'
import { lookAgain, stillAllowed } from './gate.ts'
import { claimKey, holding } from './idempotency.ts'
import { identify, placeOf, reachOf } from './identity.ts'
import { Incoming } from './incoming.ts'
import { outbound, sign, signingCall } from './outbound.ts'
import { withoutKey } from './path_slot.ts'
import { permitted } from './policy/decision.ts'
import type { Permit } from './policy/decision.ts'
import { pruned } from './protocols/index.ts'
import { asRefusal, Refusal, refuse } from './refusal.ts'
import { relay } from './relay.ts'
import { forwardSigned, judgeBody } from './retry.ts'
import { checkBody, upload } from './upload.ts'

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
  const so: Progress = { id: deps.newId(at), at, request }
  const response = await answer(request, deps, so).catch((error: unknown) => {
    so.body?.leave()
    return refuse((so.refusal = challenging(asRefusal(error), so, deps.catalog)))
  })
  response.headers.set('x-outpost-request-id', so.id)
  writeCall(so, { now: deps.now(), response }, deps)
  return response
}

/** Who asks for what, and may they. Then a stored answer where there is one, else the upstream's. */
async function answer(request: Request, deps: Deps, so: Progress): Promise<Response> {
  const read = laidOut(readCall(request, deps.settings), deps.catalog)
  const asked = (so.call = withoutKey(read, deps.catalog, lookUp(deps.catalog, read.named)))
  const place = (so.place = placeOf(request, deps))
  const caller = (so.caller = await identify(asked, place, deps))
  const meant = namedByGrant(asked, caller.grant)
  const named = lookUp(deps.catalog, meant.named)
  const call = (so.call = withoutKey(meant, deps.catalog, named))
  const provider = resolve(call, named, reachOf(caller, deps.catalog))
  const body = (so.body = new Incoming(call, provider))
  const permit = permitted((so.decision = await decideAsked(caller, provider, call, body)))
  checkSignable(permit, deps)
  checkBody(permit, isReadWhole(permit, deps))

  const slot = slotOf(permit)
  const stored = slot && deps.cache.find(slot, request.headers, deps.now())
  if (stored && !permit.sensitive) return stored
  const held = stored ?? (await claimKey(permit, body, deps))
  if (held instanceof Response) return stillAllowed(permit, deps).then(() => held)
  if (held) return holding(held, exchange(permit, body, { deps, so, hashed: true }), deps)
  const { upstream, response } = await exchange(permit, body, { deps, so, hashed: false })
  if (!slot) return response
  return deps.cache.store(slot, { request: request.headers, upstream, response }, deps)
}

interface Exchange {
  readonly deps: Deps
  readonly so: Progress
  /** The digest of the body is wanted, and the call goes on when its agent has gone. */
  readonly hashed: boolean
}

/** The stages from the limiter to the answer, in order: none runs before the ones above it. */
async function exchange(permit: Permit, body: Incoming, { deps, so, hashed }: Exchange) {
  if (isReadWhole(permit, deps)) await body.read()
  const limits = await admitApproved(permit, body.whole, so, deps)

  // ───────────── no secret has been read above this line ─────────────
  const credentials = (so.credentials = deps.credentials(permit))
  const signer = deps.signerOf(permit.provider)
  const attempt = async () => {
    const door = deps.now()
    const draft = outbound(permit, body.whole)
    const reading = credentials.ready?.()
    if (reading) await reading
    await sign(draft, signer, credentials, deps.now())
    const looking = lookAgain(permit, door, deps)
    if (looking) await looking
    so.forwarded = true
    const { reframing } = draft
    return forward(permit, draft, upload({ permit, body, reframing, hashed }), deps.send)
  }
  const admitAgain = () =>
    stillAllowed(permit, deps)
      .then(() => admit(permit, deps))
      .then(
        () => true,
        () => false,
      )
  const judged = { credentials, rejection: signer.rejection, signedBody: body.whole, admitAgain }
  const upstream = judgeBody(await forwardSigned(attempt, permit, judged), judged, deps.waitUntil)
  coolDown(permit, upstream.response, deps)
  const known = await pruned(upstream, permit, hashed)
  const { response, scrubbed, later } = await relay(known, permit, credentials.known, hashed)
  so.scrubbed = scrubbed
  if (later) deps.waitUntil(later.then((echoes) => writeEchoes(so.id, permit, echoes, deps)))
  for (const [name, value] of limits) response.headers.set(name, value)
  return { upstream: upstream.response, response, digest: upstream.digest }
}

/** @throws Refusal 400 for a call that its scheme cannot sign. Nothing has been opened or counted then. */
function checkSignable({ provider, call }: Permit, { signerOf, now }: Deps): void {
  if (provider.credential.reads_body !== 'some') return
  const problem = signerOf(provider).problem?.(signingCall(call), now()) ?? null
  if (problem !== null) throw new Refusal('PROXY_BAD_REQUEST', problem)
}

/** Whether a signature covers the body, or a person has to approve it. */
function isReadWhole({ approval, provider, call }: Permit, { signerOf }: Deps): boolean {
  const { reads_body } = provider.credential
  if (approval || reads_body === true) return true
  return reads_body === 'some' && signerOf(provider).readsBodyOf(signingCall(call))
}
