import { lineOf } from '../audit/chain.ts'
import type { LedgerRecord } from '../audit/record.ts'
import type { TenantStub } from '../tenants/stubs.ts'

/** Records that are asked for at a time: what an export holds in memory. */
const PART = 200

/**
 * The chain as it is now, a line of JSON for each record, oldest first. The next part is asked for
 * when the last one has been taken. What is recorded meanwhile is not in it.
 * @throws when the object cannot be asked for the first part; later the stream breaks off.
 */
export async function exported(tenant: TenantStub): Promise<ReadableStream<Uint8Array>> {
  const { seq: last } = (await tenant.counts()).head
  let page = await tenant.export(0, PART)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (let taken = false; !taken;) {
          const { records, next } = page
          const part = records.filter(({ seq }) => seq <= last)
          if (part.length > 0) controller.enqueue(linesOf(part))
          const ended = next === null || next >= last
          taken = ended || part.length > 0
          if (ended) controller.close()
          // oxlint-disable-next-line no-await-in-loop -- a part may hold nothing that can be read
          else page = await tenant.export(next, PART)
        }
      },
    },
    { highWaterMark: 0 },
  )
}

const utf8 = new TextEncoder()

function linesOf(records: readonly LedgerRecord[]): Uint8Array {
  return utf8.encode(records.map((record) => `${lineOf(record)}\n`).join(''))
}
