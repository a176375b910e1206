import type { NamedSetting, Setting, Template } from './config.ts'
import { opened } from './credential.ts'
import type { Credentials, SecretRef } from './scheme.ts'

/** The text of a setting: what the file says, which is no secret, or a secret that is opened for it. */
export function textOf(setting: Setting, credentials: Credentials): string {
  return typeof setting === 'string' ? setting : opened(setting, credentials)
}

/** The secrets among these. */
export function refsAmong(...settings: readonly (Setting | null)[]): readonly SecretRef[] {
  return settings.flatMap((each) => (each === null || typeof each === 'string' ? [] : [each]))
}

/** The secrets among the values of these. */
export function refsOfNamed(settings: readonly NamedSetting[]): readonly SecretRef[] {
  return refsAmong(...settings.map(({ value }) => value))
}

/** Plain JSON: a template with its secrets in place. */
export function filled(template: Template, credentials: Credentials): unknown {
  if (typeof template !== 'object' || template === null) return template
  if (isList(template)) return template.map((each) => filled(each, credentials))
  if ('from' in template) return opened(template.from, credentials)
  return filledMap(template.of, credentials)
}

export function filledMap(
  map: Readonly<Record<string, Template>>,
  credentials: Credentials,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map).map(([key, each]) => [key, filled(each, credentials)]),
  )
}

/** The secrets of a template, in order. */
export function refsIn(template: Template): readonly SecretRef[] {
  if (typeof template !== 'object' || template === null) return []
  if (isList(template)) return template.flatMap(refsIn)
  return 'from' in template ? [template.from] : Object.values(template.of).flatMap(refsIn)
}

/** `Array.isArray` does not see through `readonly`. */
function isList(template: object): template is readonly Template[] {
  return Array.isArray(template)
}
