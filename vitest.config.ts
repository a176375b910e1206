import { join } from 'node:path'

import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vitest/config'
import { unstable_readConfig } from 'wrangler'
import type { Unstable_Config } from 'wrangler'

import { compileProject } from './scripts/compile.ts'
import { muteRuntime } from './test/build/runtime-noise.ts'
import { startAccessTeams } from './test/control/access_server.ts'
import { compileFixtures } from './test/fixtures/compile.ts'
import { OPERATORS, SECRETS, VAULT_TOKEN } from './test/fixtures/secrets.ts'
import { startBackends } from './test/sources/servers/index.ts'
import { startOAuthServer } from './test/tokens/oauth_server.ts'
import { startVendors } from './test/tokens/vendors/index.ts'
import { startUpstream } from './test/upstream.ts'

const root = import.meta.dirname
/** No such file is written: two runs at the same time have two upstreams. */
const catalog = join(root, 'test/fixtures/catalog.ts')

const programs = process.env['CLIENTS'] === 'all'

muteRuntime()

/** A clean clone has no compiled catalog. Problems are for `npm run compile` to report. */
await compileProject({ root })

/** It lives as long as this process: its port has to be in the catalog before the worker is built. */
const upstream = await startUpstream()
const oauth = await startOAuthServer()
const vendors = await startVendors()
const access = await startAccessTeams()
const backends = await startBackends()
const fixtures = await compileFixtures({
  port: upstream.port,
  src: join(root, 'src'),
  out: catalog,
})

const deployed: Unstable_Config = unstable_readConfig(
  { config: join(root, 'wrangler.toml') },
  { hideWarnings: true },
)

/** The real worker, with the fixtures' catalog in place of the installation's. */
const fixtureCatalog: Plugin = {
  name: 'fixture-catalog',
  enforce: 'pre',
  resolveId: (source, importer) =>
    /^\.\.?\/generated\/catalog\.ts$/.test(source) && importer?.startsWith(join(root, 'src'))
      ? catalog
      : null,
  load: (id) => (id === catalog ? fixtures : null),
}

export default defineConfig({
  test: {
    // Most files wait more than they compute: for processes, clocks, answers.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'build',
          include: ['test/build/**/*.test.ts'],
          // Many start a process or two, and two cores share them.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          fixtureCatalog,
          cloudflareTest({
            // Not `configPath`: that would bring in whatever .dev.vars holds.
            main: deployed.main ?? '',
            miniflare: {
              cf: false,
              compatibilityDate: deployed.compatibility_date ?? '',
              compatibilityFlags: deployed.compatibility_flags,
              durableObjects: Object.fromEntries(
                deployed.durable_objects.bindings.map(({ name, class_name }) => [
                  name,
                  { className: class_name, useSQLite: true },
                ]),
              ),
              secretsStoreSecrets: {
                SHELF_KEY: { store_id: 'store', secret_name: 'shelf' },
              },
              kvNamespaces: deployed.kv_namespaces.map(({ binding }) => binding),
              bindings: {
                ...deployed.vars,
                ...SECRETS,
                ...OPERATORS,
                UPSTREAM: upstream.url,
                OAUTH: oauth.url,
                VENDORS: JSON.stringify(vendors),
                ACCESS: access.url,
                BACKENDS: { ...backends },
                VAULT_ADDR: backends.changing,
                VAULT_TOKEN,
                OUTPOST_MASTER_KEY: 'sentinel-master-key-of-more-than-32-characters',
              },
            },
          }),
        ],
        test: {
          name: 'worker',
          testTimeout: 20_000,
          include: [
            'test/*.test.ts',
            'test/audit/**/*.test.ts',
            'test/auth/**/*.test.ts',
            'test/content/**/*.test.ts',
            'test/protocols/**/*.test.ts',
            'test/control/**/*.test.ts',
            'test/grants/**/*.test.ts',
            'test/approvals/**/*.test.ts',
            'test/limits/**/*.test.ts',
            'test/sources/**/*.test.ts',
            'test/rewrite/**/*.test.ts',
            'test/scrub/**/*.test.ts',
            'test/tenants/**/*.test.ts',
            'test/tokens/**/*.test.ts',
            'test/websocket/**/*.test.ts',
            'test/widening/**/*.test.ts',
            'test/worker/**/*.test.ts',
          ],
          setupFiles: ['test/worker/setup.ts'],
        },
      },
      {
        test: {
          name: 'clients',
          // The second: programs that a fresh machine need not have. `npm run clients`.
          include: [
            'test/clients/*.test.ts',
            ...(programs ? ['test/clients/programs/*.test.ts'] : []),
          ],
          globalSetup: ['test/clients/build.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'socket',
          include: ['test/socket/**/*.test.ts'],
          globalSetup: ['test/socket/build.ts'],
          fileParallelism: false,
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
