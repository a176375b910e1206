import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type { PluginConfig } from '../../src/auth/config.ts'
import type { Plugin, PluginClass } from '../../src/auth/plugin.ts'
import { whyNotSettable } from './header-name.ts'
import { didYouMean } from './nearest.ts'
import { Wrong } from './problem.ts'

/** A class of `src/plugins/` that a provider names. */
export interface LoadedPlugin {
  /** `plugins/file.ts:Class`. */
  readonly module: string
  readonly file: string
  readonly className: string
  readonly plugin: PluginClass
}

/** The plugins of one folder, each file imported once. */
export class PluginFolder {
  readonly #folder: string
  readonly #files: readonly string[]
  readonly #loaded = new Map<string, Promise<Readonly<Record<string, unknown>> | Wrong>>()

  constructor(folder: string) {
    this.#folder = folder
    this.#files = filesOf(folder)
  }

  /** The class at `plugins/file.ts:Class`, or why there is none. */
  async load(module: string): Promise<LoadedPlugin | Wrong> {
    const [path = '', className = ''] = module.split(':')
    const name = basename(path)
    if (!this.#files.includes(name)) {
      return new Wrong(`there is no file src/plugins/${name}${didYouMean(name, this.#files)}`)
    }
    const file = join(this.#folder, name)
    const loading = this.#loaded.get(file) ?? imported(file)
    this.#loaded.set(file, loading)
    const exports = await loading
    if (exports instanceof Wrong) return exports
    const found = exports[className]
    if (isClass(found)) return { module, file, className, plugin: found }
    const hint = didYouMean(className, Object.keys(exports))
    return new Wrong(`src/plugins/${name} exports no class ${className}${hint}`)
  }
}

/** What a plugin is for one provider. Its own constructor says what is wrong with its `config`. */
export function construct({ plugin }: LoadedPlugin, config: PluginConfig): Plugin | Wrong {
  try {
    return new plugin(config)
  } catch (error) {
    return new Wrong(redacted(messageOf(error), config))
  }
}

/** Why what a class has made is not a plugin; null when it is. */
export function whyNotPlugin(made: Plugin, className: string): string | null {
  // The class is not type-checked when this runs, so its instances may be anything.
  const { slots, sign }: { slots?: Partial<Plugin['slots']>; sign?: unknown } = made
  if (typeof sign !== 'function') return `${className} has no sign()`
  if (!isTexts(slots?.headers) || !isTexts(slots.params)) {
    return `${className} has no slots: expected { headers: [...], params: [...] }`
  }
  const wrong = slots.headers.map((name) => whyNotSettable(name)).find((each) => each !== null)
  return wrong === undefined ? null : `${className}.slots: ${wrong}`
}

function isTexts(found: unknown): found is readonly string[] {
  return Array.isArray(found) && found.every((each) => typeof each === 'string')
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.ts'))
  } catch {
    return []
  }
}

async function imported(file: string): Promise<Readonly<Record<string, unknown>> | Wrong> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    return new Wrong(`src/plugins/${basename(file)} cannot be loaded: ${messageOf(error)}`)
  }
}

function isClass(found: unknown): found is PluginClass {
  return typeof found === 'function' && typeof found.prototype === 'object'
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n', 1)[0] ?? ''
}

/** A plugin may quote a setting in its message, and a setting may hold a secret. */
function redacted(message: string, config: PluginConfig): string {
  return Object.entries(config)
    .flatMap(([key, each]) => textsIn(each).map((part) => [key, part] as const))
    .filter(([key, part]) => part.length > 3 && !key.endsWith('_env'))
    .toSorted(([, a], [, b]) => b.length - a.length)
    .reduce((text, [key, part]) => text.replaceAll(part, `<${key}>`), message)
}

/** Where a secret is kept may be shown; one that is written into the file may not. */
function textsIn(setting: PluginConfig[string]): readonly string[] {
  if (typeof setting !== 'object') return [String(setting)]
  if (!('env' in setting || 'secret' in setting || 'value' in setting)) return setting
  return 'value' in setting ? [setting.value] : []
}
