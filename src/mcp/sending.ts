import { readFields } from '../control/input.ts'
import { requestArguments } from '../control/tool_schemas.ts'
import { proxy } from '../proxy.ts'
import { innerRequest } from './inner.ts'
import { readAnswer } from './reading.ts'
import type { ReadBody } from './reading.ts'
import { refused } from './refused.ts'
import type { Envelope } from './refused.ts'
import type { Asking, Said } from './tool.ts'
import { plain } from './values.ts'

/** Headers of an answer that say something to an agent. */
const SHOWN =
  /^(?:content-(?:type|language|location|disposition|range)|location|link|etag|last-modified|retry-after|allow|age|deprecation|sunset|warning|(?:x-)?rate-?limit.*|x-(?:total|page|per-page|next|prev|oauth|accepted|github|proxy)[a-z-]*|(?:.*-)?request-id)$/

const LONGEST_VALUE = 2000

/**
 * One call by the one path that every call takes: policy, limits, approval, record and scrubbing are
 * those of a call that the agent had sent itself.
 * @throws Refusal 400 for arguments that make no call.
 */
export async function sendCall(asking: Asking): Promise<Said> {
  const { args, deps } = asking
  const [body, ...rest] = [args.get('body'), ...args]
  const fields = rest.filter(([name]) => name !== 'body')
  const checked = readFields(requestArguments, plain(new Map(fields)))
  const response = await proxy(innerRequest(checked, body, asking), deps)
  const read = await readAnswer(response)
  if (response.headers.get('x-proxy-error') === 'PROXY_GRANT_DENIED') {
    // It may be wider by now than this isolate knows: the next call asks.
    deps.grantCopies.forget(asking.caller.grant?.hash ?? '')
  }
  return refusalIn(response, read) ?? { value: { ...headOf(response), ...read } }
}

/** Our own refusal, and never an upstream's answer that looks like one: that has no such header. */
function refusalIn(response: Response, { body }: ReadBody): Said | null {
  const code = response.headers.get('x-proxy-error')
  if (code === null) return null
  const head = headOf(response)
  // The upstream's own 429, which goes through as it is.
  if (code === 'PROXY_UPSTREAM_RATE_LIMITED' && response.headers.has('x-proxy-provider')) {
    const words = { code, message: 'the upstream limits the rate', metadata: null }
    return refused(words, response.status, { ...head, body })
  }
  const { error }: { readonly error: Envelope } = JSON.parse(body)
  return refused(error, response.status, head)
}

function headOf({ status, headers }: Response) {
  const shown = [...headers].filter(([name]) => SHOWN.test(name))
  return {
    status,
    request_id: headers.get('x-outpost-request-id') ?? '',
    headers: Object.fromEntries(
      shown.map(([name, value]) => [name, value.slice(0, LONGEST_VALUE)]),
    ),
  }
}
