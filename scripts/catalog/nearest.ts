/** `; did you mean "deny"?` for the nearest of `known`, or nothing when none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known)
  return found === null ? '' : `; did you mean "${found}"?`
}

/** The known word that someone most likely meant: other case or dashes, a slip or two. */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = plain(word)
  const allowed = Math.min(Math.max(1, Math.floor(wanted.length / 3)), wanted.length - 1)
  const ranked = known
    .map((each) => ({ each, distance: distance(wanted, plain(each)) }))
    .filter((one) => one.distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.each ?? null
}

function plain(word: string): string {
  return word
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 64)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(
        Math.min(
          at(row, j) + 1,
          at(next, j - 1) + 1,
          at(row, j - 1) + (same ? 0 : 1),
          swapped ? at(before, j - 2) + 1 : Infinity,
        ),
      )
    }
    before = row
    row = next
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
