import { z } from 'zod'

import type { PluginAuth, PluginConfig } from '../../src/auth/config.ts'
import type { SecretRef } from '../../src/auth/scheme.ts'
import { statuses } from './auth-value.ts'
import { AT_KEY } from './exactly-one.ts'
import { plainWord } from './plain-word.ts'
import { pluginModule } from './plugin-module.ts'
import { Wrong } from './problem.ts'
import { envName, orReference } from './secret-ref.ts'
import { checked, expected, text, textOf } from './value.ts'
import { Word } from './word.ts'

const module = checked('the place of a class: plugins/file.ts:ClassName', pluginModule)
const key = text({ what: 'the name of a setting', test: /^[\w.-]+$/ })

/** A plugin says itself what it expects; here a value only has to be one that it can be given. */
const setting = orReference((found): Plain | Wrong => {
  if (Array.isArray(found)) return texts(found)
  if (found instanceof Word) return plainWord(found)
  if (typeof found === 'string') return found
  const what = 'a text, a number, a boolean, a list of texts or a map that names a secret'
  return new Wrong(expected(what, found, false))
})

type Plain = Exclude<PluginConfig[string], SecretRef>

function texts(found: readonly unknown[]): readonly string[] | Wrong {
  const read = found.map((each) => textOf(each))
  const all = read.filter((each) => each !== null)
  return all.length === read.length ? all : new Wrong('expected a list of texts')
}

function checkSecretNames(config: PluginConfig, context: z.RefinementCtx): void {
  for (const [name, each] of Object.entries(config)) {
    const wrong = name.endsWith('_env') ? envName.safeParse(each).error?.issues[0] : undefined
    if (wrong) context.addIssue({ code: 'custom', path: [name], message: wrong.message })
    const isPlain = typeof each !== 'object' || Array.isArray(each)
    if (isPlain || !(`${name}_env` in config)) continue
    const message = `either "${name}_env" or "${name}", not both`
    context.addIssue({ code: 'custom', path: [name], message, params: AT_KEY })
  }
}

/** `module_ts` decides where both are given: files that serve both Outposts have both. */
export const plugin = z
  .strictObject({
    type: z.literal('plugin'),
    module_ts: module.optional(),
    module: module.optional(),
    config: z.record(key, setting).superRefine(checkSecretNames).default({}),
    invalidate_on: statuses(),
  })
  .superRefine((found, context) => {
    if (found.module_ts !== undefined || found.module !== undefined) return
    context.addIssue({ code: 'custom', message: 'expected "module_ts" here', params: AT_KEY })
  })
  .transform(({ type, module_ts, module: legacy, config, invalidate_on }): PluginAuth => ({
    type,
    module: module_ts ?? legacy ?? '',
    config,
    invalidate_on,
  }))
