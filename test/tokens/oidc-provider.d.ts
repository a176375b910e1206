/** What the tests use of it; the package has no types of its own. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  export interface Token {
    readonly save: () => Promise<string>
    readonly destroy: () => Promise<void>
  }

  interface TokenClass {
    new (properties: Readonly<Record<string, unknown>>): Token
    find(value: string): Promise<Token | undefined>
  }

  interface Grant {
    readonly addOIDCScope: (scope: string) => void
    readonly save: () => Promise<string>
  }

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    readonly callback: () => RequestListener
    readonly Client: { find(id: string): Promise<object | undefined> }
    readonly Grant: new (properties: Readonly<Record<string, string>>) => Grant
    readonly RefreshToken: TokenClass
    readonly AccessToken: TokenClass
    readonly ClientCredentials: TokenClass
  }
}
