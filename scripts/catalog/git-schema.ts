import { z } from 'zod'

import { parsePattern } from '../../src/policy/pattern.ts'
import { isRefName } from '../../src/protocols/git_refs.ts'
import type { GitRules } from '../../src/protocols/git_refs.ts'
import { shortened, Wrong } from './problem.ts'
import { checked, flag, given, list } from './value.ts'

const WILDCARD = /\*+|\{[A-Za-z0-9_-]+\}/g

/** Of whole names only: `main` alone is none, and a list with it would protect nothing. */
function refText(text: string): string | Wrong {
  const example = text.replaceAll(WILDCARD, 'x')
  if (text.includes('***')) return new Wrong('"*" is one part of a name and "**" any number')
  if (isRefName(example) && parsePattern(text).matches(example)) return text
  const whole = isRefName(`refs/heads/${example}`) && !/^refs(?:\/|$)/.test(text)
  const hint = whole ? `; a branch is ${shortened(`refs/heads/${text}`)}` : ''
  return new Wrong(
    `expected the whole name of a ref, such as refs/heads/main or refs/tags/**${hint}`,
  )
}

const refPattern = checked('a pattern of refs such as refs/heads/main', refText)

const gitShape = {
  deny_push: list(refPattern).default([]),
  allow_push: list(refPattern).optional(),
  sensitive: flag.default(true),
}

/** `git` of a provider file; `git: {}` only tells apart what fetches and what pushes. */
export const gitRules = z.preprocess(
  (found) => given(found),
  z.strictObject(gitShape).transform((found): GitRules => ({
    ...found,
    allow_push: found.allow_push ?? null,
  })),
)

export const GIT_KEYS = Object.keys(gitShape)
