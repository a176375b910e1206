import { shownEvent } from '../audit/record.ts'
import type { LedgerRecord } from '../audit/record.ts'
import type { TenantStub } from '../tenants/stubs.ts'

/** How long an object keeps a question that it has no answer to. */
const WAIT_MS = 20_000

/** Then the client asks again, and has to be an operator still. */
const LONGEST_MS = 15 * 60_000

const utf8 = new TextEncoder()

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): one for each
 * record after `after`, its `seq` as the id. A comment where nothing has happened for a while. Ends
 * with its reader, and after a quarter of an hour.
 */
export function streamed(
  tenant: TenantStub,
  after: number,
  now: () => number,
): ReadableStream<Uint8Array> {
  const until = now() + LONGEST_MS
  let [last, opened, gone] = [after, false, false]
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!opened) {
          opened = true
          controller.enqueue(utf8.encode(`retry: 3000\n: after ${last}\n\n`))
          return
        }
        const records = await tenant.follow(last, WAIT_MS).catch(() => null)
        if (gone) return
        last = records?.at(-1)?.seq ?? last
        if (records) controller.enqueue(utf8.encode(eventsOf(records)))
        if (!records || now() >= until) controller.close()
      },
      cancel() {
        gone = true
      },
    },
    { highWaterMark: 0 },
  )
}

function eventsOf(records: readonly LedgerRecord[]): string {
  if (records.length === 0) return ': nothing new\n\n'
  return records.map((each) => `id: ${each.seq}\nevent: record\n${dataOf(each)}\n\n`).join('')
}

function dataOf(record: LedgerRecord): string {
  return `data: ${JSON.stringify(shownEvent(record))}`
}
