import type { Secret } from '../secret.ts'

/** Where a value is kept. */
export type SecretPlace =
  /** A Worker secret, or the binding of one in Cloudflare's Secrets Store, by name. */
  | { readonly env: string }
  /** The URI of a secret that is kept elsewhere: `op://…`, `vault://…`; src/sources/. */
  | { readonly secret: string }
  /** The value itself, as the YAML has it. */
  | { readonly value: string }

/** Where one value of a credential comes from. */
export type SecretRef = SecretPlace & {
  /** Calls go on without it as long as there is something in its place. */
  readonly optional?: boolean
  /** The value from before it was rotated, tried when the upstream rejects the current one. */
  readonly previous?: SecretPlace
}

/** Hands out the secrets of one permitted call, each read when it is asked for. */
export interface Credentials {
  /** @throws Refusal `PROXY_AUTH_ERROR` when the secret is not set, or could not be read. */
  readonly open: (ref: SecretRef) => Secret
  /**
   * The access token that the recipe mints: the one that is held, or a new one. One is minted at a
   * time for each credential, world-wide.
   * @throws Refusal `PROXY_AUTH_ERROR` when there is none to be had.
   */
  readonly minted: (recipe: MintRecipe) => Promise<Secret>
  /**
   * What the operator put at this key of the namespace `TOKENS`; null when there is nothing.
   * @throws Refusal `PROXY_AUTH_ERROR` when that cannot be told.
   */
  readonly stored: (key: string) => Promise<Secret | null>
  /** Notes a credential that the scheme made itself, and that is good for more than this call. */
  readonly made: (secret: Secret) => Secret
}

/** How to get an access token. Neither function runs while a token is at hand. */
export interface MintRecipe {
  /** Everything that makes this credential this one, secrets included. Only a digest of it is kept. */
  readonly identity: () => readonly string[]
  /** `refresh` is the newest refresh token that a mint returned; null when none ever did. */
  readonly mint: (ask: Ask, now: number, refresh: Secret | null) => Promise<Mint>
}

/**
 * Sends one request to a token endpoint: all of one mint within 15 s, without following redirects,
 * and for an answer of `most` bytes, 64 KiB unless told. Whatever is wrong with the endpoint itself
 * ends the mint.
 */
export type Ask = (request: Request, most?: number) => Promise<EndpointAnswer>

export interface EndpointAnswer {
  readonly status: number
  /** undefined when the answer is not JSON. */
  readonly json: unknown
}

export type Mint = Minted | NotMinted

export interface Minted {
  readonly token: string
  /** When it is no longer used, Unix ms: some time before it expires. */
  readonly until: number
  /** A new refresh token, which takes the place of the old one; null when there is none. */
  readonly refresh: string | null
}

export interface NotMinted {
  /** For the operator. Never text of the endpoint's own. */
  readonly failed: string
  /** True when it is of no use to try again with these secrets. */
  readonly final: boolean
}

/**
 * The upstream request while it is being built. A scheme changes what is not `readonly`, and headers;
 * of a path the `{token}` of its own slot, nothing else.
 */
export interface Draft {
  readonly method: string
  /** The provider's: scheme, host and path prefix, without a trailing slash. */
  readonly base_url: string
  readonly headers: Headers
  /** The upstream path exactly as it will be sent, with `{token}` where the credential goes into it. */
  path: string
  /** The query exactly as it will be sent, without its `?`; empty when there is none. */
  query: string
  /** The body, when the scheme said that it reads it; otherwise null, and the body streams. */
  readonly body: Uint8Array | null
  /** The call as the agent sent it, its own credential and all: to be read, never to be sent. */
  readonly asked: SigningCall
  /** Set by a scheme when the body has to go in another framing than the agent's. */
  reframing: Reframing | null
}

/** Another framing of a body that streams: the same content. Used once. */
export interface Reframing {
  /** Bytes in the new framing; null when that is not known. */
  readonly length: number | null
  /** What can go on, valid until the next one. Throws for a framing that is broken: a 400. */
  readonly push: (this: void, chunk: Uint8Array) => Uint8Array
  /** What is left at the end. Throws for one that ends early. */
  readonly end: (this: void) => Uint8Array
}

/** What a scheme can know of a call before its body is read. */
export interface SigningCall {
  readonly method: string
  /** Below the provider's base URL. */
  readonly path: string
  /** Without its `?`. */
  readonly query: string
  readonly headers: Headers
}

/**
 * What stands in a path where the upstream wants its credential, from the call that is read until
 * the scheme puts the secret there: `/bot{token}/sendMessage`. No client can send it: a path with a
 * raw brace is refused (`src/target.ts`).
 */
export const PLACE = '{token}'

/**
 * The places on a request that belong to the credential. Whatever an agent sends there is never
 * forwarded; it may be the agent's own key, which SDKs put where the upstream's key would go.
 */
export interface Slots {
  readonly headers: readonly string[]
  readonly params: readonly string[]
  /** Beginnings of paths below the base URL, with `{token}` where the credential stands. */
  readonly paths?: readonly string[]
}

/** One way of putting a credential on a request. Every file of this folder exports one. */
export interface Scheme<A> {
  /** Every value the scheme will open, so that a missing one is known before the first call. */
  readonly secrets: (auth: A) => readonly SecretRef[]
  readonly slots: (auth: A) => Slots
  /** True when the signature covers the body, which is then read into memory up to a limit. */
  readonly readsBody?: (auth: A) => boolean
  /** True when the signature of this call covers its body, where that depends on the call. */
  readonly readsBodyOf?: (auth: A, call: SigningCall) => boolean
  /**
   * Why this call cannot be signed, for the agent; null when it can. Asked before anything is opened or
   * counted; where it says something the call is refused: a 400.
   */
  readonly problem?: (auth: A, call: SigningCall, now: number) => string | null
  /**
   * What of a signed draft must not come back, beside the secrets themselves; not there: every word in
   * the slots.
   */
  readonly secretWords?: (draft: Draft) => readonly string[]
  /** True when it opens `minted` credentials, which have to be kept somewhere. */
  readonly mints?: boolean | ((auth: A) => boolean)
  /** Puts the credential on the draft. Runs last: nothing changes the request afterwards. */
  readonly sign: (
    draft: Draft,
    auth: A,
    credentials: Credentials,
    now: number,
  ) => void | Promise<void>
}
