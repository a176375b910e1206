import { shellWord } from '../first-key.ts'
import { isPrivateKey } from './private-key.ts'
import type { Reference } from './reference.ts'
import { run } from './run.ts'
import type { Failed } from './run.ts'
import type { Refusal, Unfit } from './store.ts'

/** A person may have to find the finger that unlocks it. */
const PATIENCE_MS = 60_000

/** The value of a reference, or why there is none: one line that says what to do, and no part of it. */
export type Answer = { readonly value: string } | { readonly why: string }

export interface Asking {
  /** All of the environment of the executables, and where they are found. */
  readonly env: NodeJS.ProcessEnv
  /** Until one is given up. Default: a minute. */
  readonly timeoutMs?: number
}

/**
 * Asks each reference once, all stores at the same time, and answers by the text of the references.
 * In each store one goes first, and the others when it was given: so a person is asked to unlock it
 * once, and if that does not come about, not again for each.
 */
export async function askAll(
  references: readonly Reference[],
  asking: Asking,
): Promise<ReadonlyMap<string, Answer>> {
  const each = new Map(references.map((reference) => [reference.text, reference]))
  const byStore = Map.groupBy(each.values(), ({ store }) => store)
  const answers = await Promise.all(
    Array.from(byStore.values(), (ofStore) => askStore(ofStore, asking)),
  )
  return new Map(answers.flat())
}

type Known = readonly [text: string, answer: Answer]

async function askStore(references: readonly Reference[], asking: Asking): Promise<Known[]> {
  const [first, ...rest] = references
  if (!first) return []
  const given = await ask(first, asking)
  const known: Known[] = [[first.text, answerOf(first, given)]]
  if ('fault' in given && isOfStore(given.fault)) {
    return [...known, ...rest.map((each): Known => [each.text, answerOf(each, given)])]
  }
  const queue = rest.values()
  const turns = Array.from({ length: first.store.atOnce }, async () => {
    for (const each of queue) {
      // oxlint-disable-next-line no-await-in-loop -- so many at once, and no more
      known.push([each.text, answerOf(each, await ask(each, asking))])
    }
  })
  await Promise.all(turns)
  return known
}

type Fault = Failed | Refusal | Unfit | 'empty' | 'control' | 'encoding'

type Given = { readonly value: string } | { readonly fault: Fault; readonly code?: number | null }

/** Whether the others of that store would fare the same. */
function isOfStore(fault: Fault): boolean {
  return ['absent', 'unrunnable', 'late', 'locked'].includes(fault)
}

async function ask({ store, args }: Reference, asking: Asking): Promise<Given> {
  const { env, timeoutMs = PATIENCE_MS } = asking
  const found = await run({ executable: store.executable, args, env, timeoutMs })
  if (typeof found === 'string') return { fault: found }
  if (found.code !== 0) return { fault: store.refusalOf(found), code: found.code }
  const printed = textOf(found.stdout)
  if (printed === null) return { fault: 'encoding' }
  const secret = store.secretIn?.(printed, args) ?? printed
  if (typeof secret !== 'string') return { fault: secret.unfit }
  const value = secret.replace(/\r?\n$/, '')
  if (value.trim() === '') return { fault: 'empty' }
  const fits = !/[\p{Cc}\p{Cf}]/u.test(value) || isPrivateKey(value)
  return fits ? { value } : { fault: 'control' }
}

function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function answerOf(reference: Reference, given: Given): Answer {
  if ('value' in given) return given
  return { why: `${reference.text}: ${sentence(reference, given.fault, given.code ?? null)}` }
}

function sentence(reference: Reference, fault: Fault, code: number | null): string {
  const { title, executable, install, unlock } = reference.store
  const look = `\`${commandOf(reference, 'wc -c')}\``
  const said: Readonly<Record<Fault, string>> = {
    absent: `\`${executable}\` is not on PATH: install it (${install})`,
    unrunnable: `\`${executable}\` cannot be run: try \`${executable} --version\` in a terminal`,
    late: `${title} did not answer in time: ${unlock}, and start again`,
    long: 'it is longer than 64 KiB, and no key: name another item',
    locked: `${title} is locked, or does not let you in: ${unlock}, and start again`,
    missing: `${title} has no such item: look at its name, or make it`,
    unclear: `\`${executable}\` failed (${code === null ? 'killed' : `exit code ${code}`}): ${look} in a terminal says why`,
    folder: 'that is a folder: name an entry in it',
    hex: 'it has a line break, or a character that is not ASCII: store it anew without',
    empty: `it is empty, or ${title} has no such item: look at its name, and at its value`,
    control:
      'it has a second line, or a control character, and is no private key: store it anew without',
    encoding: 'it is not UTF-8 text: store it anew',
  }
  return said[fault]
}

/** What prints it in a shell, or what becomes of it in a pipe. */
export function commandOf({ store, args }: Reference, pipe = store.pipe): string {
  const command = [store.executable, ...args].map(shellWord).join(' ')
  return pipe === undefined ? command : `${command} | ${pipe}`
}
