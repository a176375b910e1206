import { values } from '../../test/socket/wire.ts'
import { failed } from './answer-oracle.ts'
import { isEvent } from './noise.ts'
import type { Trial } from './trial.ts'

/** Of an event, what is compared: `Event` of src/audit/event.ts. */
interface Line {
  readonly id: string
  readonly decision: 'allow' | 'deny'
  readonly secret_read: boolean
  readonly status: number | null
  readonly path: string | null
  readonly code: string | null
}

/** As much of a path as is recorded. */
const LONGEST_PATH = 1024

/** What is wrong with the console's lines about these calls; by the trial that each is about. */
export function eventFaults(
  printed: string,
  trials: readonly Trial[],
): ReadonlyMap<Trial, readonly string[]> {
  const byRequest = new Map<string, Trial>()
  for (const trial of trials) {
    for (const answer of trial.outcome.answers) {
      for (const id of values(answer, 'x-outpost-request-id')) byRequest.set(id, trial)
    }
  }
  const found = new Map<Trial, string[]>()
  for (const text of printed.split('\n')) {
    if (!isEvent(text)) continue
    const line = JSON.parse(text) as Line
    const trial = byRequest.get(line.id)
    if (!trial) continue
    const faults = faultsOf(line, trial)
    if (faults.length > 0) found.set(trial, [...(found.get(trial) ?? []), ...faults])
  }
  return found
}

function faultsOf(line: Line, trial: Trial): string[] {
  const { arrivals } = trial.script
  const { answers } = trial.outcome
  const denied = line.decision === 'deny'
  const asked = answers.length === 1 ? arrivals[0] : undefined
  const strange = answers.length === 1 && line.status !== null && line.status !== answers[0]?.status
  return failed(
    [denied && line.secret_read, 'denied, and a secret was read'],
    [denied && asked !== undefined, 'denied, and the upstream was asked'],
    [strange, `recorded with status ${line.status}`],
    [!denied && !isSamePath(line.path, asked?.target), 'recorded with another path'],
  )
}

function isSamePath(recorded: string | null, target: string | undefined): boolean {
  if (recorded === null || target === undefined || recorded.includes('[redacted]')) return true
  const sent = target.replace(/^\/b\/\w+/, '').replace(/\?.*$/s, '')
  return recorded === sent.slice(0, LONGEST_PATH)
}
