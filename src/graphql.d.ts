/**
 * The parser of `graphql` without the rest: its index loads a hundred modules, which each isolate of the
 * tests pays for. The package has no types beside its `.mjs` files.
 */
declare module 'graphql/language/parser.mjs' {
  export { parse } from 'graphql'
}

declare module 'graphql/language/kinds.mjs' {
  export { Kind } from 'graphql'
}
