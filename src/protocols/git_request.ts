import { readingsOf } from '../policy/path.ts'
import { isSafe } from '../policy/route.ts'
import { hasParam } from '../query.ts'

/** What of a call is looked at to see whether git sent it. */
interface Asking {
  readonly method: string
  readonly path: string
  readonly query: string
}

/** What git asks for: at which refs a fetch or a push may look, and then that. */
export type Asked = 'discover-fetch' | 'discover-push' | 'fetch' | 'push'

/** What is git's, and cannot be read in one way. */
export class Odd {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

const DISCOVERY = '/info/refs'
const SERVICES = { '/git-upload-pack': 'fetch', '/git-receive-pack': 'push' } as const
const SERVICE = /^\?service=git-(upload|receive)-pack$/

/** Whether a request is one that git itself makes, written as git writes it. */
export function isGitClient(asking: Asking): boolean {
  const asked = askedBy(asking)
  return asked !== null && !(asked instanceof Odd)
}

/** null: it is none of git's. */
export function askedBy({ method, path, query }: Asking): Asked | Odd | null {
  const readings = readingsOf(path)
  const discovers = isSafe(method) && readings.some((each) => each.endsWith(DISCOVERY))
  if (discovers) return discovered(path, query)
  const [ending, asked] =
    Object.entries(SERVICES).find(([each]) => readings.some((way) => way.endsWith(each))) ?? []
  if (ending === undefined || asked === undefined || isSafe(method)) return null
  if (method !== 'POST') return new Odd('a service of git is asked by POST')
  if (!path.endsWith(ending)) return new Odd('a service of git, spelt otherwise')
  // What makes a file of that name may take the rest of what it needs from the query.
  return query === '' ? asked : new Odd('a service of git is asked without a query')
}

/** Without a `service` it is the "dumb" protocol, which reads. */
function discovered(path: string, query: string): Asked | Odd | null {
  if (!hasParam(query.slice(1), 'service')) return null
  const service = SERVICE.exec(query)?.[1]
  if (!service || !path.endsWith(DISCOVERY)) return new Odd('it is unclear what git asks for')
  return service === 'upload' ? 'discover-fetch' : 'discover-push'
}
