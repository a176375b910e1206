import { backendOf } from '../../src/sources/index.ts'
import { withEnvironment } from '../dev-vars.ts'
import { askAll, commandOf } from './ask.ts'
import type { Asking } from './ask.ts'
import { isReference } from './reference.ts'
import type { Reference } from './reference.ts'

type Values = Readonly<Record<string, string>>

/** Where the variables of an installation on a workstation come from. */
export interface Places {
  /** The names that the Worker reads. No other is asked for. */
  readonly wanted: readonly string[]
  /** What is set in the environment counts before all else. */
  readonly environment: NodeJS.ProcessEnv
  readonly references: ReadonlyMap<string, Reference>
  /** The file of references, as it is called in what is said. */
  readonly file: string
  /** Counts last. */
  readonly envVars: Values
  /** The file of those. */
  readonly envFile: string
}

export interface Filled {
  /** All variables, with the values of stores among them. They are in memory, and nowhere else. */
  readonly env: Values
  /** What came from where, and what did not come, a line each. No values. */
  readonly lines: readonly string[]
  /** For each name that a store has filled, what prints it in a shell. */
  readonly commands: ReadonlyMap<string, string>
}

/**
 * The variables from all places. A name whose reference was not answered is not set, whatever the
 * env file says of it: what stands there may be the key of before.
 */
export async function fill(places: Places, asking: Omit<Asking, 'env'> = {}): Promise<Filled> {
  const { wanted, environment, references, envVars } = places
  const asked = new Map(
    Array.from(references).filter(([name]) => wanted.includes(name) && !environment[name]),
  )
  const answers = await askAll([...asked.values()], { ...asking, env: environment })
  const stored = Array.from(asked).flatMap(([name, { text }]) => {
    const answer = answers.get(text)
    return answer && 'value' in answer ? [[name, answer.value] as const] : []
  })
  const file = Object.entries(envVars).filter(([name]) => !references.has(name))
  const why = Array.from(asked).flatMap(([name, { text }]) => {
    const answer = answers.get(text)
    return answer && 'why' in answer ? [`${name} is not set: ${answer.why}`] : []
  })
  return {
    env: withEnvironment(Object.fromEntries([...file, ...stored]), environment),
    lines:
      references.size === 0
        ? []
        : [
            ...origins(
              places,
              stored.map(([name]) => name),
            ),
            ...why,
          ],
    commands: new Map(
      stored.flatMap(([name]) => {
        const reference = asked.get(name)
        return reference ? [[name, commandOf(reference)] as const] : []
      }),
    ),
  }
}

/**
 * Wanted names whose value is a reference or the URI of a provider's `secret:`, and which: it would
 * be sent upstream as if it were the key.
 */
export function misplaced(
  values: NodeJS.ProcessEnv,
  wanted: readonly string[],
): ReadonlyMap<string, 'reference' | 'uri'> {
  return new Map(
    wanted.flatMap((name) => {
      const kind = kindOf(values[name]?.trim() ?? '')
      return kind ? [[name, kind] as const] : []
    }),
  )
}

function kindOf(text: string): 'reference' | 'uri' | null {
  if (isReference(text)) return 'reference'
  return backendOf(text) ? 'uri' : null
}

/** Of each name that is set, where from, in the order in which the places count. */
function origins({ wanted, environment, ...places }: Places, stored: readonly string[]): string[] {
  const { references, file, envVars, envFile } = places
  const has = (values: NodeJS.ProcessEnv) => wanted.filter((name) => Boolean(values[name]))
  const given = has(environment)
  const titles = Map.groupBy(stored, (name) => references.get(name)?.store.title ?? '')
  const unused = [...references.keys()].filter((name) => !wanted.includes(name))
  const left = has(envVars).filter((name) => !given.includes(name) && !references.has(name))
  return [
    ...line('from the environment', given),
    ...Array.from(titles).flatMap(([title, names]) => line(`from ${title}, by ${file}`, names)),
    ...line(`from ${envFile}`, left),
    ...line(`not asked for, since nothing that is enabled uses them: in ${file}`, unused),
  ]
}

function line(from: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${from}: ${names.join(', ')}`]
}
