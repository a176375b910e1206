import { z } from 'zod'

import type { SecretRef } from '../../src/auth/scheme.ts'
import { prefix, settableHeader } from './header-name.ts'
import { Wrong } from './problem.ts'
import { envName, orReference } from './secret-ref.ts'
import { expected, text, textOf, value } from './value.ts'

/** The name of a query parameter, as it is before it is percent-encoded. */
export const paramName = text({ what: 'the name of a query parameter', test: /^[\x21-\x7e]+$/ })

/** The binding of a client certificate. Beside it, `_CERT`, `_KEY` and `_CA` name secrets. */
export const bindingName = value((found): string | Wrong => {
  const read = envName.safeParse(found).data
  if (read !== undefined && !read.startsWith('OUTPOST_')) return read
  return new Wrong(expected('the name of a binding, such as BANK_MTLS', found, false))
})

/** A piece of text for a token endpoint or a storage key. */
export const line = text({ what: 'text on one line', test: /^[\x20-\x7e\x80-\uffff]{1,512}$/ })

/** A place in JSON. */
export const jsonPath = text({
  what: 'dotted keys such as errors[].code',
  test: /^[\w-]+(?:\[\])?(?:\.[\w-]+(?:\[\])?)*$/,
  show: true,
})

/** Upstream statuses that mean "this credential was rejected": a list, or one of them. */
export function statuses(...defaults: readonly number[]) {
  return z
    .unknown()
    .transform((found, context): readonly number[] => {
      const items: readonly unknown[] = Array.isArray(found) ? found : [found]
      const read = items.map((item) => status(item))
      read.forEach((each, index) => {
        if (!(each instanceof Wrong)) return
        const path = Array.isArray(found) ? [index] : []
        context.issues.push({ code: 'custom', path, message: each.message, input: found })
      })
      return [...new Set(read.filter((each) => typeof each === 'number'))]
    })
    .default([...defaults])
}

function status(found: unknown): number | Wrong {
  const read = textOf(found) ?? ''
  return /^[1-5]\d\d$/.test(read)
    ? Number(read)
    : new Wrong(expected('an HTTP status from 100 to 599', found, true))
}

/** The keys that every scheme which fills one header has. */
export function headerKeys(header: string, before: string) {
  return { header: settableHeader.default(header), prefix: prefix.default(before) }
}

/** A part of a Basic pair (RFC 7617 §2), which may be empty. It may be a secret: never shown. */
export function basicPart(forbidden: RegExp, why: string) {
  return orReference((found): SecretRef | Wrong => {
    const read = textOf(found)
    if (read === null) return new Wrong(expected('text in quotes, or a map', found, false))
    return forbidden.test(read) ? new Wrong(why) : { value: read }
  })
}
