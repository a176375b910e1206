import { text } from './value.ts'

/** A provider's name in lower case: part of header values, paths and host names. */
export const providerName = text({
  what: 'a name of letters, digits, "_" and "-"',
  test: /^[a-zA-Z0-9_-]+$/,
  show: true,
}).transform((name) => name.toLowerCase())
