import { partsOf } from './store.ts'
import type { Store } from './store.ts'

/** What it has printed for a name that is not there, ending well; with `--plain` it prints nothing. */
const NOT_FOUND = '*not found*'

/**
 * Infisical, by its command line. Another server than Infisical's own is `INFISICAL_API_URL` in the
 * environment. https://infisical.com/docs/cli/commands/secrets
 */
export const infisical: Store = {
  scheme: 'infisical',
  title: 'Infisical',
  form: 'infisical://project-id/environment/[path/]NAME',
  executable: 'infisical',
  install: 'https://infisical.com/docs/cli/overview',
  unlock: 'run `infisical login`, or set INFISICAL_TOKEN',
  atOnce: 4,
  argumentsOf: (rest) => {
    const [project, environment, ...path] = partsOf(rest) ?? []
    const name = path.pop()
    if (project === undefined || environment === undefined || name === undefined) return null
    return [
      'secrets',
      'get',
      `--projectId=${project}`,
      `--env=${environment}`,
      `--path=/${path.join('/')}`,
      '--plain',
      '--silent',
      '--',
      name,
    ]
  },
  refusalOf: ({ complaint }) =>
    /log ?in|expired|unauthori[sz]ed|40[13]|token/i.test(complaint) ? 'locked' : 'unclear',
  secretIn: (printed) => (printed.trim() === NOT_FOUND ? '' : printed),
}
