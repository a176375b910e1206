import type { Problem } from './problem.ts'
import type { CheckedProvider } from './provider-check.ts'

/** Every provider that a layout names has to be there, for whoever may use the layout. */
export function layoutProblems(enabled: readonly CheckedProvider[]): Problem[] {
  const byName = new Map(enabled.map((each) => [each.name, each]))
  return enabled.flatMap(({ source, file }) =>
    (file?.layout ?? []).flatMap(({ provider }, index): Problem[] => {
      if (provider === null) return []
      const named = byName.get(provider)
      const path = ['layout', index, 'provider']
      if (!named) return [source.problem(path, `no enabled provider is called "${provider}"`)]
      const tenant = named.file?.tenant ?? null
      if (tenant === null || tenant === file?.tenant) return []
      return [source.problem(path, `"${provider}" belongs to the tenant "${tenant}" alone`)]
    }),
  )
}
