import { Wrong } from './problem.ts'

const WRITTEN =
  /^(?:(?:\.\/)?(?:src\/)?plugins\/([\w-]+)\.(?:ts|py)|(?:\w+\.)*plugins\.(\w+)):([A-Za-z_$][\w$]*)$/

/**
 * The place of a plugin in its one form, `plugins/file.ts:Class`. An installation that comes from
 * the Python Outpost names a `.py` file, or a module such as `app.python.plugins.file:Class`; the
 * class of that name is looked for in the `.ts` file.
 */
export function pluginModule(text: string): string | Wrong {
  const [, path, dotted, className] = WRITTEN.exec(text) ?? []
  const file = path ?? dotted
  if (file !== undefined && className !== undefined) return `plugins/${file}.ts:${className}`
  return new Wrong('expected plugins/file.ts:ClassName, a class in a file of src/plugins/')
}
