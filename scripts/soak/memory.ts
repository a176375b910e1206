/** What a process had at one moment. */
export interface Sample {
  /** Calls that were sent in this life until then. */
  readonly calls: number
  readonly residentMiB: number
  readonly sockets: number
  readonly files: number
  /** Of all its threads since it began. */
  readonly cpuMs: number
}

/** What memory does in one life, after its beginning. */
export interface Trend {
  readonly calls: number
  readonly beginMiB: number
  readonly endMiB: number
  /** KiB that memory grows by with each thousand calls. */
  readonly kibPerThousand: number
}

/**
 * The beginning of a life, in which caches fill and V8 and the allocator take what they like: a
 * third of it, and at least so many calls. Measured: 120 MiB at the start, 310 MiB after 15,000.
 */
const WARM_UP = 1 / 3
const WARM_UP_CALLS = 20_000

/** So many samples are one: the least of them is what garbage does not hide. */
const ENVELOPE = 10

/** Lives with fewer samples than this, after their beginning, say nothing. */
const LEAST = 12 * ENVELOPE

/** A leak: more than this with each thousand calls, and more than this in the life. */
export const LEAK = { kibPerThousand: 500, growthMiB: 24 }

/** null: the life was too short. */
export function trendOf(samples: readonly Sample[]): Trend | null {
  const later = samples
    .slice(Math.floor(samples.length * WARM_UP))
    .filter(({ calls }) => calls >= WARM_UP_CALLS)
  if (later.length < LEAST) return null
  const low = envelope(later)
  const [first, last] = [low[0], low.at(-1)]
  if (!first || !last) return null
  const slope = slopeOf(low)
  const calls = last.calls - first.calls
  const middle = low.reduce((sum, each) => sum + each.residentMiB, 0) / low.length
  const half = (slope * calls) / 2
  return {
    calls,
    beginMiB: middle - half,
    endMiB: middle + half,
    kibPerThousand: slope * 1024 * 1000,
  }
}

/** Why memory is not flat; null when it is. */
export function leakIn({ beginMiB, endMiB, kibPerThousand, calls }: Trend): string | null {
  const growth = endMiB - beginMiB
  if (kibPerThousand <= LEAK.kibPerThousand || growth <= LEAK.growthMiB) return null
  const rate = `${kibPerThousand.toFixed(0)} KiB with each thousand calls`
  return `memory grows by ${rate}: ${growth.toFixed(0)} MiB with ${calls} calls`
}

function envelope(samples: readonly Sample[]): Sample[] {
  const parts = Array.from({ length: Math.floor(samples.length / ENVELOPE) }, (_, part) =>
    samples.slice(part * ENVELOPE, (part + 1) * ENVELOPE),
  )
  return parts.flatMap((part) => part.toSorted((a, b) => a.residentMiB - b.residentMiB).slice(0, 1))
}

/** MiB a call, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const count = samples.length
  const x = samples.reduce((sum, { calls }) => sum + calls, 0) / count
  const y = samples.reduce((sum, { residentMiB }) => sum + residentMiB, 0) / count
  let [both, own] = [0, 0]
  for (const { calls, residentMiB } of samples) {
    both += (calls - x) * (residentMiB - y)
    own += (calls - x) ** 2
  }
  return own === 0 ? 0 : both / own
}
