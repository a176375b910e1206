import type { Step, Steps } from './steps.ts'

/** A way that leads to a value, as far as it has been gone. */
export interface Place {
  readonly steps: Steps
  readonly at: number
}

export function isThere({ steps, at }: Place): boolean {
  return at === steps.length
}

/** Whether the way goes on in an object, or in an array. */
export function goesInto({ steps, at }: Place, isObject: boolean): boolean {
  return at < steps.length && (steps[at] === 'item') !== isObject
}

/** The ways that lead to an item. */
export function toItem(places: readonly Place[]): readonly Place[] {
  return further(places, (step) => step === 'item')
}

/** The ways that lead to a member. null: its name is none that is looked for. */
export function toMember(places: readonly Place[], key: string | null): readonly Place[] {
  return further(places, (step) => step === 'any' || (typeof step === 'object' && step.key === key))
}

function further(
  places: readonly Place[],
  goes: (step: Step | undefined) => boolean,
): readonly Place[] {
  return places.flatMap(({ steps, at }) => (goes(steps[at]) ? [{ steps, at: at + 1 }] : []))
}
