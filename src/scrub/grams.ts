import type { Bytes } from './spellings.ts'

/** So many bytes in a row of a secret are a part of it that nobody should see. */
export const RUN = 12

/** A text is looked at so many bytes at a time. */
export const GRAM = 4

/** The characters of a text, and for each what may stand for it. */
export type Places = readonly (readonly Bytes[])[]

/** Four bytes of a string as a number, the first one lowest: what `getUint32` reads. */
export function gramAt(bytes: Bytes, at: number): number {
  let gram = 0
  for (let next = GRAM - 1; next >= 0; next -= 1) gram = (gram << 8) | bytes.charCodeAt(at + next)
  return gram >>> 0
}

/**
 * All grams that can stand in a text with these places near its beginning: in its first `RUN` bytes,
 * so that one of them lies wherever a search looks that goes on by `RUN - GRAM + 1`.
 */
export function gramsOf(places: Places): ReadonlySet<number> {
  const found = new Set<number>()
  const reach = RUN - GRAM
  for (let place = 0; place <= reach; place += 1) {
    const begun = new Set(
      (places[place] ?? []).flatMap((spelling) =>
        Array.from(spelling.slice(0, reach - place + 1), (_, skipped) =>
          spelling.slice(skipped, skipped + GRAM),
        ),
      ),
    )
    for (const each of begun) addContinued(each, places, place + 1, found)
  }
  return found
}

/** The ways to make `GRAM` bytes of `begun` and what may follow it. */
function addContinued(begun: Bytes, places: Places, next: number, found: Set<number>): void {
  if (begun.length >= GRAM) {
    found.add(gramAt(begun, 0))
    return
  }
  const missing = GRAM - begun.length
  const more = new Set((places[next] ?? []).map((each) => each.slice(0, missing)))
  for (const each of more) addContinued(begun + each, places, next + 1, found)
}
