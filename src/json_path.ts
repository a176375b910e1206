/**
 * The values at a path of dotted keys, where `key[]` stands for every item of an array, as texts.
 * Only strings and numbers are texts. Whatever is not there is no value.
 */
export function textsAt(json: unknown, path: string): string[] {
  let found: unknown[] = [json]
  for (const part of path.split('.')) {
    const key = part.replace(/\[\]$/, '')
    found = found.flatMap((each) => valuesAt(each, key, part.endsWith('[]')))
  }
  return found.flatMap((each) =>
    typeof each === 'string' || typeof each === 'number' ? [String(each)] : [],
  )
}

function valuesAt(json: unknown, key: string, scatter: boolean): unknown[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return []
  if (!Object.hasOwn(json, key)) return []
  const value: unknown = Reflect.get(json, key)
  if (!scatter) return [value]
  return Array.isArray(value) ? value : []
}
