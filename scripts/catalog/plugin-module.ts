import { Wrong } from './problem.ts'

const WRITTEN = /^(?:\.\/)?(?:src\/)?plugins\/([A-Za-z0-9_-]+)\.(?:ts|py):([A-Za-z_$][\w$]*)$/

/**
 * The place of a plugin in its one form, `plugins/file.ts:Class`. An installation that comes from
 * the Python Outpost names a `.py` file; the class of that name is looked for in the `.ts` file.
 */
export function pluginModule(text: string): string | Wrong {
  const [, file, className] = WRITTEN.exec(text) ?? []
  if (file !== undefined && className !== undefined) return `plugins/${file}.ts:${className}`
  return new Wrong('expected plugins/file.ts:ClassName, a class in a file of src/plugins/')
}
