import { partsOf } from './store.ts'
import type { Store } from './store.ts'

/**
 * Doppler, by its command line. https://docs.doppler.com/docs/cli, and pkg/cmd/secrets.go in
 * https://github.com/DopplerHQ/cli
 */
export const doppler: Store = {
  scheme: 'doppler',
  title: 'Doppler',
  form: 'doppler://project/config/NAME',
  executable: 'doppler',
  install: 'https://docs.doppler.com/docs/install-cli',
  unlock: 'run `doppler login`, or set DOPPLER_TOKEN',
  atOnce: 4,
  argumentsOf: (rest) => {
    const [project, config, name, ...more] = partsOf(rest) ?? []
    if (project === undefined || config === undefined || name === undefined) return null
    if (more.length > 0) return null
    return [
      'secrets',
      'get',
      `--project=${project}`,
      `--config=${config}`,
      '--plain',
      '--no-check-version',
      '--',
      name,
    ]
  },
  refusalOf: ({ complaint }) => {
    if (/could not find requested (?:secret|config|project)/i.test(complaint)) return 'missing'
    return /token|log ?in|unauthori[sz]ed/i.test(complaint) ? 'locked' : 'unclear'
  },
}
