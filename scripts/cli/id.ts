import { misuse } from './exit.ts'

/**
 * The path of one grant or approval.
 * @throws Failure: an id has other characters, and could lead to another endpoint.
 */
export function pathOf(collection: string, id: string): string {
  if (!/^\w+$/.test(id)) misuse('the ID has characters that none has: copy it from the list')
  return `${collection}/${id}`
}
