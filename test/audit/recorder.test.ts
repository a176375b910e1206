import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Event } from '../../src/audit/event.ts'
import { MOST_KEPT } from '../../src/audit/line.ts'
import type { Head, NewRecord } from '../../src/audit/record.ts'
import {
  ANSWER_MS,
  BATCH_MS,
  BATCH_RECORDS,
  HEAD_MS,
  Recorder,
  RETRY_MS,
  STRANGERS,
  FLOOD_MS,
  REFUSED,
} from '../../src/audit/recorder.ts'
import type { Recording } from '../../src/audit/recorder.ts'
import { aTenant } from '../builders.ts'
import { aCall, NOON } from './world.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
})

afterEach(() => {
  vi.useRealTimers()
})

type Answering = (records: readonly NewRecord[]) => Promise<void>

/** A recorder, and what arrives at the ledgers. */
class Bench {
  readonly recorder = new Recorder()
  /** Batches in the order in which they were sent: the tenant and the paths of the calls. */
  readonly sent: {
    readonly tenant: string
    readonly what: string[]
    readonly doubtful: unknown
  }[] = []
  readonly said: string[] = []
  readonly heads: [string, Head][] = []
  /** What the ledger does with a batch before it answers. */
  answer: Answering = async () => {}
  /** A request that was ended: nothing of what it left for later is done any more. */
  readonly #ended = new Set<number>()
  #request = 0
  #number = 0

  /** What a request brings with it. */
  request(): Recording & { end: () => void } {
    const me = (this.#request += 1)
    const alive = <T>(work: Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const unless = (done: () => void) => () => !this.#ended.has(me) && done()
        work.then(
          (value) => unless(() => resolve(value))(),
          (error: unknown) => unless(() => reject(error))(),
        )
      })
    return {
      now: () => Date.now(),
      waitUntil: () => {},
      tenantOf: (tenant) =>
        aTenant([], {
          record: (records, doubtful) => {
            this.sent.push({ tenant, what: records.map((each) => named(each)), doubtful })
            const seq = this.sent.length
            return alive(this.answer(records).then(() => ({ seq, hash: `hash ${seq}` })))
          },
        }),
      warn: (message) => this.said.push(message),
      printHead: (tenant, head) => this.heads.push([tenant, head]),
      end: () => this.#ended.add(me),
    }
  }

  /** So many calls, each by a request of its own. */
  calls(many: number, tenant = 'acme'): void {
    for (let left = many; left > 0; left -= 1) {
      this.#number += 1
      this.recorder.add(tenant, aCall({ path: `/${this.#number}` }), this.request())
    }
  }

  strangers(many: number, code: string, caller: string | null = null): void {
    for (let left = many; left > 0; left -= 1) {
      const record = aCall({ path: '/stranger', code })
      this.recorder.addRefusal({ tenant: 'default', caller, code }, record, this.request())
    }
  }

  /** How many records each batch had. */
  get sizes(): number[] {
    return this.sent.map(({ what }) => what.length)
  }

  get all(): string[] {
    return this.sent.flatMap(({ what }) => what)
  }
}

function named(record: NewRecord): string {
  if (record.kind === 'refusals') return `refusals ${JSON.stringify(record.refusals.counts)}`
  if (record.kind === 'control') {
    return `${record.control.action} ${JSON.stringify(record.control.details)}`
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `aCall` made
  return (JSON.parse(record.event) as Event).path ?? ''
}

function paths(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `/${from + index}`)
}

const failing: Answering = () => Promise.reject(new Error('the object is away'))
const silent: Answering = () => new Promise(() => {})
const after = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('a batch', () => {
  it('goes a second after its first record, and not before', async () => {
    const bench = new Bench()
    bench.calls(1)
    await after(BATCH_MS - 1)
    bench.calls(2)
    expect(bench.sizes).toEqual([])
    await after(1)
    expect(bench.sent).toEqual([{ tenant: 'acme', what: paths(1, 3), doubtful: null }])
    await after(10 * BATCH_MS)
    expect(bench.sizes).toEqual([3])
  })

  it('goes with its 64th record, and what comes then is a new one', async () => {
    const bench = new Bench()
    bench.calls(BATCH_RECORDS - 1)
    await after(500)
    expect(bench.sizes).toEqual([])
    bench.calls(1)
    await after(0)
    expect(bench.sizes).toEqual([64])
    bench.calls(1)
    await after(BATCH_MS - 1)
    // The timer of the batch that has gone does not cut this one short.
    expect(bench.sizes).toEqual([64])
    await after(1)
    expect(bench.sizes).toEqual([64, 1])
  })

  it('is of one tenant', async () => {
    const bench = new Bench()
    bench.calls(1, 'acme')
    bench.calls(1, 'globex')
    bench.calls(1, 'acme')
    await after(BATCH_MS)
    expect(bench.sent.map(({ tenant, what }) => [tenant, what])).toEqual([
      ['acme', ['/1', '/3']],
      ['globex', ['/2']],
    ])
  })

  it('waits for the one before it, so that they arrive in order', async () => {
    const bench = new Bench()
    bench.answer = () => new Promise((resolve) => setTimeout(resolve, 300))
    bench.calls(64)
    await after(0)
    bench.calls(100)
    await after(299)
    expect(bench.sizes).toEqual([64])
    await after(1)
    bench.calls(1)
    await after(0)
    expect(bench.sizes).toEqual([64, 101])
    expect(bench.all).toEqual(paths(1, 165))
  })

  it('waits no longer than a second when nothing comes after it', async () => {
    const bench = new Bench()
    bench.answer = () => new Promise((resolve) => setTimeout(resolve, 300))
    bench.calls(64)
    await after(0)
    bench.calls(70)
    await after(BATCH_MS)
    expect(bench.sizes).toEqual([64, 70])
  })

  it('whose request was ended goes with the next record, two seconds later', async () => {
    const bench = new Bench()
    const request = bench.request()
    // What it left for later is never done.
    bench.recorder.add('acme', aCall({ path: '/0' }), request)
    vi.clearAllTimers()
    await after(2 * BATCH_MS)
    bench.calls(1)
    await after(0)
    expect(bench.sizes).toEqual([])
    await after(1)
    bench.calls(1)
    await after(0)
    expect(bench.all).toEqual(['/0', '/1', '/2'])
  })
})

describe('a failure', () => {
  it('keeps the records, says so, and tries again by itself', async () => {
    const bench = new Bench()
    bench.answer = failing
    bench.calls(3)
    await after(BATCH_MS)
    expect(bench.said).toEqual(['audit: 3 records of acme cannot be written yet'])
    bench.answer = async () => {}
    await after(RETRY_MS)
    expect(bench.sizes).toEqual([3, 3])
    await after(10 * RETRY_MS)
    expect(bench.sizes).toEqual([3, 3])
  })

  it('is not followed by a try for each call', async () => {
    const bench = new Bench()
    bench.answer = failing
    bench.calls(64)
    await after(0)
    bench.calls(500)
    await after(RETRY_MS - 1)
    bench.calls(1)
    await after(0)
    expect(bench.sizes).toEqual([64])
    await after(1)
    expect(bench.sizes).toEqual([64, 565])
    expect(bench.sent[1]?.what).toEqual(paths(1, 565))
  })

  it('leaves it open whether they are recorded, until an answer comes', async () => {
    const bench = new Bench()
    bench.answer = failing
    bench.calls(1)
    await after(BATCH_MS)
    await after(RETRY_MS)
    bench.calls(1)
    bench.answer = async () => {}
    await after(RETRY_MS)
    bench.calls(1)
    await after(BATCH_MS)
    const tried = NOON + BATCH_MS
    expect(bench.sent).toEqual([
      { tenant: 'acme', what: ['/1'], doubtful: null },
      { tenant: 'acme', what: ['/1'], doubtful: tried },
      { tenant: 'acme', what: ['/1', '/2'], doubtful: tried },
      { tenant: 'acme', what: ['/3'], doubtful: null },
    ])
  })

  it.each([
    ['fails', failing],
    ['is silent', silent],
  ])(
    'that goes on while the object %s keeps 2000, and the chain says what is lost',
    async (_title, how) => {
      const bench = new Bench()
      bench.answer = how
      bench.calls(MOST_KEPT - 10)
      await after(BATCH_MS)
      bench.calls(17)
      await after(ANSWER_MS + 2 * BATCH_MS)
      bench.calls(6)
      bench.answer = async () => {}
      await after(2 * ANSWER_MS)
      const last = bench.sent.at(-1)
      expect(last?.what).toEqual(paths(1, MOST_KEPT))
      bench.calls(2)
      await after(BATCH_MS)
      expect(bench.sent.at(-1)?.what).toEqual([
        ...paths(MOST_KEPT + 14, MOST_KEPT + 15),
        'audit.lost {"records":13}',
      ])
    },
  )

  it('tells the operator how many are lost', async () => {
    const bench = new Bench()
    bench.answer = failing
    bench.calls(MOST_KEPT + 1)
    await after(BATCH_MS)
    bench.calls(5)
    await after(RETRY_MS)
    const kept = 'audit: 2000 records of acme cannot be written yet'
    expect(bench.said).toEqual([`${kept}, 1 are lost`, `${kept}, 6 are lost`])
  })
})

describe('a sender that was ended with its answer on the way', () => {
  it('is waited for, for ten seconds; then the batch goes again', async () => {
    const bench = new Bench()
    const owner = bench.request()
    bench.recorder.add('acme', aCall({ path: '/0' }), owner)
    bench.answer = silent
    await after(BATCH_MS)
    owner.end()
    bench.answer = async () => {}
    bench.calls(1)
    await after(ANSWER_MS - 1)
    expect(bench.sizes).toEqual([1])
    await after(2 * BATCH_MS)
    expect(bench.all).toEqual(['/0', '/0', '/1'])
    expect(bench.sent[1]?.doubtful).toBe(NOON + BATCH_MS)
  })

  it.each(['answers', 'fails'])('and that %s after all changes nothing', async (how) => {
    const bench = new Bench()
    let late = () => {}
    bench.answer = () =>
      new Promise((resolve, reject) => {
        late = how === 'answers' ? resolve : () => reject(new Error('late'))
      })
    bench.calls(1)
    await after(BATCH_MS)
    bench.answer = async () => {}
    await after(ANSWER_MS + 1)
    bench.calls(1)
    await after(BATCH_MS)
    late()
    await after(RETRY_MS)
    expect(bench.all).toEqual(['/1', '/1', '/2'])
    expect(bench.said).toEqual([])
  })
})

describe('strangers', () => {
  it('are recorded one by one, twenty in ten seconds; the rest is counted by code', async () => {
    const bench = new Bench()
    bench.strangers(STRANGERS, 'PROXY_AUTH_REQUIRED')
    bench.strangers(300, 'PROXY_AUTH_REQUIRED')
    bench.strangers(7, 'PROXY_NO_ROUTE')
    await after(FLOOD_MS)
    expect(bench.all).toEqual(Array.from({ length: STRANGERS }, () => '/stranger'))
    await after(BATCH_MS)
    expect(bench.all.slice(STRANGERS)).toEqual([
      'refusals {"PROXY_AUTH_REQUIRED":300,"PROXY_NO_ROUTE":7}',
    ])
    bench.strangers(1, 'PROXY_NO_ROUTE')
    await after(BATCH_MS)
    expect(bench.all.at(-1)).toBe('/stranger')
  })

  it('and so are the refusals of a caller, a hundred each', async () => {
    const bench = new Bench()
    bench.strangers(REFUSED + 50, 'PROXY_PATH_DENIED', 'grant gr_1')
    bench.strangers(REFUSED, 'PROXY_PATH_DENIED', 'grant gr_2')
    await after(FLOOD_MS + BATCH_MS)
    expect(bench.all.filter((each) => each === '/stranger')).toHaveLength(2 * REFUSED)
    expect(bench.all.at(-1)).toBe('refusals {"PROXY_PATH_DENIED":50}')
  })

  it('of a period that nobody closed are counted with the next one', async () => {
    const bench = new Bench()
    bench.strangers(STRANGERS + 5, 'PROXY_AUTH_REQUIRED')
    await after(BATCH_MS)
    vi.clearAllTimers() // the requests were ended
    await after(2 * FLOOD_MS)
    bench.strangers(1, 'PROXY_AUTH_REQUIRED')
    await after(BATCH_MS)
    expect(bench.all.slice(STRANGERS)).toEqual(['refusals {"PROXY_AUTH_REQUIRED":5}', '/stranger'])
  })

  it('that are few are never counted', async () => {
    const bench = new Bench()
    for (const _ of [1, 2, 3]) {
      bench.strangers(STRANGERS, 'PROXY_AUTH_REQUIRED')
      // oxlint-disable-next-line no-await-in-loop -- one period after the other
      await after(FLOOD_MS)
    }
    await after(2 * FLOOD_MS)
    expect(new Set(bench.all)).toEqual(new Set(['/stranger']))
    expect(bench.all).toHaveLength(3 * STRANGERS)
  })
})

describe('the head', () => {
  it('is printed after the first batch of a tenant, and then once a minute', async () => {
    const bench = new Bench()
    for (let second = 0; second < 2 * (HEAD_MS / 1000); second += 4) {
      bench.calls(1, 'acme')
      if (second === 8) bench.calls(1, 'globex')
      // oxlint-disable-next-line no-await-in-loop -- the clock
      await after(4000)
    }
    const [acme, globex] = ['acme', 'globex'].map((tenant) =>
      bench.heads.filter(([of]) => of === tenant),
    )
    expect(acme?.map(([, { seq }]) => seq)).toEqual([1, 17])
    expect(globex).toEqual([['globex', { seq: 4, hash: 'hash 4' }]])
  })

  it('is not printed of a batch that was not written', async () => {
    const bench = new Bench()
    bench.answer = failing
    bench.calls(1)
    await after(BATCH_MS)
    expect(bench.heads).toEqual([])
  })
})
