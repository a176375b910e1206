import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parsePattern } from '../src/policy/pattern.ts'
import { arrange } from '../src/policy/rules.ts'

const yes = (pattern: string, path: string) => [pattern, path, true] as const
const no = (pattern: string, path: string) => [pattern, path, false] as const

describe('patterns', () => {
  it.each([
    yes('/a', '/a'),
    no('/a', '/a/'),
    no('/a', '/A'),
    no('/a', '/ab'),
    yes('/*', '/a'),
    no('/*', '/'),
    no('/*', '/a/b'),
    yes('/a/*/c', '/a/b/c'),
    no('/a/*/c', '/a//c'),
    no('/a/*/c', '/a/b/b/c'),
    yes('/a-*', '/a-b'),
    no('/a-*', '/a-'),
    no('/a-*', '/a-b/c'),
    yes('/*-x/*', '/a-b-x/y'),
    yes('/{id}/x', '/1/x'),
    no('/{id}/x', '//x'),
    yes('/v1/**', '/v1'),
    yes('/v1/**', '/v1/'),
    yes('/v1/**', '/v1/a/b/'),
    no('/v1/**', '/v10'),
    no('/v1/**', '/v1x/a'),
    yes('/**', '/'),
    yes('/**', '/a//b'),
    yes('/v1**', '/v1x'),
    no('/v1**', '/v1'),
    yes('/**/end', '/a/end'),
    no('/**/end', '/end'),
    yes('/a/**/c/**', '/a/b/c'),
    yes('/a/**/c/**', '/a/b/c/d'),
    no('/a/**/c/**', '/a/c'),
    yes('/*/x/**', '/a/x'),
    yes('/a.b(c)+', '/a.b(c)+'),
    no('/a.b', '/axb'),
    yes('/api/chat.*', '/api/chat.postMessage'),
    yes('/p%2F*', '/p%2Fx'),
    yes('/a{', '/a{'),
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(parsePattern(pattern).matches(path)).toBe(expected)
  })

  it('takes linear time where a backtracking matcher takes ages', () => {
    const pattern = parsePattern('/**a**a**a**a**a**a**b')
    expect(pattern.matches(`/${'a'.repeat(8000)}`)).toBe(false)
  })
})

describe('rules', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', '*', '{x}', 'a*')
  const pattern = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '/**', '/'))
    .map(([segments, end]) => `/${segments.join('/')}${end}`.replace(/^\/\//, '/'))
  const path = fc
    .array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 4 })
    .map((segments) => `/${segments.join('/')}`)

  it('answer as a search through all of them would', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), path, (patterns, asked) => {
        const expected = patterns.findIndex((each) => parsePattern(each).matches(asked))
        expect(arrange(patterns).first(asked)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })
})
