import type { Call } from '../call.ts'
import { namesIn } from '../policy/beside.ts'
import { paramsNamed } from '../query.ts'
import { isS3 } from '../sigv4/canonical.ts'
import { placeOf } from '../sigv4/s3_place.ts'
import { shownIn } from '../sigv4/shown.ts'
import type { AwsProvider } from './aws_provider.ts'
import type { Protocol } from './protocol.ts'
import { s3Operation } from './s3.ts'
import { spoken } from './spoken.ts'

/**
 * The operations of AWS's APIs, by method, path, query and headers: `s3:PutObject`, `dynamodb:GetItem`.
 * Nothing is read for them, so a call that has its `Action` in the body has no name. They are for the
 * record, and for who approves.
 */
export const aws: Protocol<AwsProvider> = {
  wants: (call, config) => (nameOf(call, config) === null ? null : 'nothing'),
  read: (call, config) => ({ name: nameOf(call, config) ?? '', ruling: null }),
}

function nameOf(call: Call, { auth, base_url }: AwsProvider): string | null {
  const { method, path, query, request } = call
  const shown = shownIn({ headers: request.headers, query: query.slice(1) })
  const service = auth.service ?? ('scope' in shown ? shown.scope.service : null)
  if (service === null) return null
  if (!isS3({ service })) return named(service, targetOf(request.headers) ?? actionOf(query))
  const source = request.headers.get('x-amz-copy-source')
  const name = s3Operation(method, placeOf(base_url, path), namesIn(query), source !== null)
  return name === null || source === null
    ? named('s3', name)
    : named('s3', `${name} from ${source.replace(/^\/?/, '/')}`)
}

function named(service: string, operation: string | null): string | null {
  if (operation === null) return null
  return spoken(`${service}:${operation}`)
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
function targetOf(headers: Headers): string | null {
  return /^[\w.]*\.(\w+)$/.exec(headers.get('x-amz-target') ?? '')?.[1] ?? null
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html */
function actionOf(query: string): string | null {
  const [action, ...others] = paramsNamed(query.slice(1), ['Action'])
  return action && others.length === 0 && /^\w+$/.test(action.value) ? action.value : null
}
