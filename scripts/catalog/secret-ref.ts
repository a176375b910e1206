import { z } from 'zod'

import type { SecretPlace, SecretRef } from '../../src/auth/scheme.ts'
import { schemeOf } from '../../src/sources/backend.ts'
import { backendOf, BACKENDS } from '../../src/sources/index.ts'
import { ALWAYS, AT_KEY, atMostOne, exactlyOne } from './exactly-one.ts'
import { validated } from './explain.ts'
import { fieldValue } from './header-name.ts'
import { didYouMean } from './nearest.ts'
import { Wrong } from './problem.ts'
import { isSetting, looksLikeToken } from './secret-names.ts'
import { expected, given, listed, textOf, value } from './value.ts'
import { isMapping } from './word.ts'

/**
 * The name of a Worker secret. What was found is not shown: it may be the secret itself, and some
 * tokens have the form of a name.
 */
export const envName = value((found) => {
  const read = textOf(found) ?? ''
  if (isSetting(read)) {
    return new Wrong(`${read} is a setting of Outpost's own, no secret of this; take another name`)
  }
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(read) && !looksLikeToken(read)) return read
  const what = 'the name of a Worker secret (letters, digits and "_", such as GITHUB_TOKEN)'
  const hint = read === '' ? '' : ' that is not one; a secret itself does not belong here'
  return new Wrong(expected(what, found, false) + hint)
})

/** A secret written into the file. It has to fit into a header, and is never shown. */
export const literal = value((found) => {
  if (textOf(found) === '') return new Wrong('the secret is empty')
  const read = fieldValue.safeParse(found)
  return read.data ?? new Wrong(read.error?.issues[0]?.message ?? 'expected text')
})

/** The URI of a secret that is kept elsewhere. Not shown: somebody may have put the secret itself. */
const sourceUri = value((found) => {
  const read = textOf(found) ?? ''
  const scheme = schemeOf(read)
  const what = 'the URI of a secret such as op://vault/item/field'
  if (scheme === null) return new Wrong(expected(what, found, false))
  const backend = backendOf(read)
  const known = [...BACKENDS.keys()]
  if (!backend) {
    const hint =
      didYouMean(scheme, known) || `; known: ${listed(known.map((each) => `${each}://`))}`
    return new Wrong(`unknown scheme${hint}`)
  }
  const problem = backend.problem(read)
  return problem === null ? read : new Wrong(problem)
})

const place = { env: envName.optional(), secret: sourceUri.optional() }

const previous = z.preprocess(
  (found) => given(found),
  z
    .strictObject(place)
    .superRefine(exactlyOne('env', 'secret'), ALWAYS)
    .transform((found): SecretPlace => placeOf(found)),
)

/** The keys of a type with one secret: `env: NAME` or `secret: URI`, and what was there before. */
export const oneSecret = { ...place, previous: previous.optional() }

/** A map that says where a secret is kept. */
export const reference = z.preprocess(
  (found) => given(found),
  z
    .strictObject({ ...oneSecret, value: literal.optional() })
    .superRefine(exactlyOne('env', 'secret', 'value'), ALWAYS)
    .superRefine(previousDiffers, ALWAYS)
    .transform((found): SecretRef => refOf(found)),
)

interface Found {
  readonly env?: string | undefined
  readonly secret?: string | undefined
  readonly value?: string | undefined
  readonly previous?: SecretPlace | undefined
}

/** Where one value of the credential comes from, once `exactlyOne` has let it through. */
export function refOf(found: Found): SecretRef {
  return { ...placeOf(found), ...(found.previous && { previous: found.previous }) }
}

function placeOf({ env, secret, value: text }: Found): SecretPlace {
  if (env !== undefined) return { env }
  return secret === undefined ? { value: text ?? '' } : { secret }
}

/** A check that the value from before is another one. */
export function previousDiffers(found: object, context: z.RefinementCtx): void {
  const { env, secret, previous: before }: Found = found
  if (!isMapping(before) || !isSame(before, env, secret)) return
  const message = 'this is the current one; name the place of the value from before'
  context.addIssue({ code: 'custom', path: ['previous'], message, params: AT_KEY })
}

function isSame(before: SecretPlace, env: string | undefined, uri: string | undefined): boolean {
  if ('env' in before) return before.env === env
  return 'secret' in before && before.secret === uri
}

/** What is either of the form of `plain`, or a map that says where the secret is kept. */
export function orReference<T>(plain: (found: unknown) => T | Wrong) {
  return z.unknown().transform((found, context): T | SecretRef => {
    if (!isMapping(found)) {
      const read = plain(found)
      if (!(read instanceof Wrong)) return read
      context.issues.push({ code: 'custom', message: read.message, input: found })
      return z.NEVER
    }
    const { data, faults } = validated(reference, found, new Map())
    for (const { path, at, message } of faults) {
      const params = at === 'key' ? AT_KEY : {}
      context.issues.push({ code: 'custom', path: [...path], message, params, input: found })
    }
    return data ?? z.NEVER
  })
}

const EXAMPLE = 'a map such as { secret: "op://vault/item/field" }'

/**
 * The two spellings of a secret called `name`: `name_env: NAME`, and `name:` as a map. Goes into an
 * object whose check is `spelledOnce(name)`, and is read with `spelled`.
 */
export function spellings<const Name extends string>(name: Name) {
  const map = orReference<SecretRef>((found) => new Wrong(expected(EXAMPLE, found, false)))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- computed keys are widened to string
  return { [`${name}_env`]: envName.optional(), [name]: map.optional() } as Spellings<Name>
}

type Spellings<Name extends string> = {
  readonly [K in `${Name}_env`]: z.ZodOptional<typeof envName>
} & { readonly [K in Name]: z.ZodOptional<ReturnType<typeof orReference<SecretRef>>> }

export function spelledOnce(name: string) {
  return exactlyOne(`${name}_env`, name)
}

export function spelledAtMostOnce(name: string) {
  return atMostOne(`${name}_env`, name)
}

/** Once a check has let it through. */
export function spelled(env: string | undefined, map: SecretRef | undefined): SecretRef {
  return map ?? { env: env ?? '' }
}
