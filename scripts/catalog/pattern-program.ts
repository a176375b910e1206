import { RegExpParser, RegExpSyntaxError } from '@eslint-community/regexpp'
import type { AST } from '@eslint-community/regexpp'

import type { Program, Step } from '../../src/content/automaton.ts'
import { complement, rangesOfClass, rangesOfSet, Unsupported } from './character-ranges.ts'
import { shortened, Wrong } from './problem.ts'

/** `a{1,100}` is 100 steps. As many as may be taken for every character of a text. */
const MOST_STEPS = 1000

/**
 * The program of a regular expression, which is always for the whole text: `^` and `$` at its ends say
 * nothing more. What an automaton does not know, back references and looking around, is wrong here.
 */
export function patternProgram(source: string): Program | Wrong {
  try {
    const { alternatives } = new RegExpParser().parsePattern(source, 0, source.length, {
      unicode: true,
    })
    const writer = new Writer()
    writer.alternatives(alternatives, true)
    writer.put({ end: true })
    return { source, steps: writer.steps }
  } catch (error) {
    if (error instanceof Unsupported) return new Wrong(placed(source, error.start, error.message))
    if (!(error instanceof RegExpSyntaxError)) throw error
    const [why = ''] = error.message.split(/: /).slice(-1)
    return new Wrong(placed(source, error.index, `not a regular expression: ${why.toLowerCase()}`))
  }
}

function placed(source: string, index: number, why: string): string {
  return `${why}, at character ${index + 1} of ${shortened(source)}`
}

type Written = { -readonly [K in keyof { to: readonly number[] }]: number[] }

class Writer {
  readonly steps: Step[] = []

  put(step: Step): void {
    if (this.steps.length >= MOST_STEPS) {
      throw new Unsupported(`a pattern of more than ${MOST_STEPS} steps`, 0)
    }
    this.steps.push(step)
  }

  /** `top`: where `^` and `$` may stand. */
  alternatives(all: readonly AST.Alternative[], top: boolean): void {
    const ends: Written[] = []
    const fork = all.length > 1 ? this.#fork() : null
    for (const each of all) {
      fork?.to.push(this.steps.length)
      this.#alternative(each, top)
      if (fork) ends.push(this.#fork())
    }
    for (const { to } of ends) to.push(this.steps.length)
  }

  #alternative({ elements }: AST.Alternative, top: boolean): void {
    for (const [index, element] of elements.entries()) {
      const first = element.type === 'Assertion' && element.kind === 'start' && index === 0
      const last =
        element.type === 'Assertion' && element.kind === 'end' && index === elements.length - 1
      if (!(top && (first || last))) this.#element(element)
    }
  }

  #element(element: AST.Element): void {
    if (element.type === 'Quantifier') return this.#repeated(element)
    if (element.type === 'CapturingGroup') return this.alternatives(element.alternatives, false)
    if (element.type === 'Group') {
      if (element.modifiers) throw new Unsupported('modifiers are not supported', element.start)
      return this.alternatives(element.alternatives, false)
    }
    return this.put({ ranges: rangesOf(element) })
  }

  /** A lazy one matches the same whole texts. */
  #repeated({ element, min, max }: AST.Quantifier): void {
    for (let time = 0; time < min; time += 1) this.#element(element)
    if (max === Infinity) {
      const at = this.steps.length
      const fork = this.#fork()
      fork.to.push(this.steps.length)
      this.#element(element)
      this.put({ to: [at] })
      fork.to.push(this.steps.length)
      return
    }
    const ends: Written[] = []
    for (let time = min; time < max; time += 1) {
      const fork = this.#fork()
      fork.to.push(this.steps.length)
      ends.push(fork)
      this.#element(element)
    }
    for (const { to } of ends) to.push(this.steps.length)
  }

  /** A step whose targets are written later. */
  #fork(): Written {
    const fork: Written = { to: [] }
    this.put(fork)
    return fork
  }
}

function rangesOf(element: Exclude<AST.Element, AST.Quantifier | AST.Group>): readonly number[] {
  if (element.type === 'Character') return [element.value, element.value]
  if (element.type === 'CharacterSet') return rangesOfSet(element)
  if (element.type === 'CharacterClass') {
    const ranges = rangesOfClass(element)
    return element.negate ? complement(ranges) : ranges
  }
  throw new Unsupported(WHY[element.type] ?? 'this is not supported', element.start)
}

const WHY: Readonly<Record<string, string>> = {
  Assertion: '"^" at the beginning and "$" at the end are the only assertions that are supported',
  Backreference: 'back references are not supported',
}
