import { expect, it } from 'vitest'

import { readSettings } from '../../src/settings.ts'

it.each<[string | undefined, string | undefined, number, number]>([
  [undefined, undefined, 300, 3600],
  ['', ' ', 300, 3600],
  ['60', '600', 60, 600],
  ['1', '0', 1, 1],
  ['0', '0', 1, 1],
  ['0.5', '0.5', 1, 1],
  ['3600', '86400', 3600, 86_400],
  ['3601', '86401', 300, 3600],
  ['-1', '-1', 300, 3600],
  ['1e3', 'Infinity', 300, 3600],
  ['five', '0x10', 300, 3600],
  // Nobody means a value that may not be used for as long as it need not be read.
  ['600', '60', 600, 600],
])('SECRET_CACHE_SECONDS=%s, SECRET_STALE_SECONDS=%s: %i s, %i s', (cache, stale, fresh, last) => {
  const settings = readSettings({ SECRET_CACHE_SECONDS: cache, SECRET_STALE_SECONDS: stale })
  expect([settings.secretCacheMs, settings.secretStaleMs]).toEqual([fresh * 1000, last * 1000])
})
