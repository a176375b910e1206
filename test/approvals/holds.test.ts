import { describe, expect, it } from 'vitest'

import { HoldRoom } from '../../src/approvals/holds.ts'

const MIB = 1024 * 1024

/** Lets in so many calls of so many bytes each. */
function filled(calls: number, bytes: number) {
  const room = new HoldRoom()
  const leaves = Array.from({ length: calls }, (_, n) => {
    const leave = room.enter(`ap_${n}`, bytes)
    if (!leave) throw new Error(`there is no room for call ${n}`)
    return leave
  })
  return { room, leaves }
}

describe('the room for calls that wait', () => {
  it.each<[string, number, number, number, boolean]>([
    ['100 calls, and one more', 100, 0, 0, false],
    ['99 calls, and one more', 99, 0, 0, true],
    ['15 MiB, and one more', 15, MIB, MIB, true],
    ['15 MiB, and a byte too many', 15, MIB, MIB + 1, false],
    ['16 MiB, and a call without a body', 16, MIB, 0, true],
    ['16 MiB, and a byte', 16, MIB, 1, false],
    ['nothing, and more than all', 0, 0, 16 * MIB + 1, false],
  ])('has %s', (_title, calls, each, more, fits) => {
    const { room } = filled(calls, each)
    expect(room.enter('ap_more', more) !== null).toBe(fits)
  })

  it('lets one call wait for each approval, and the next when that has left', () => {
    const room = new HoldRoom()
    const leave = room.enter('ap_1', 1)
    expect(room.enter('ap_1', 1)).toBeNull()
    expect(room.enter('ap_2', 1)).not.toBeNull()
    leave?.()
    expect(room.enter('ap_1', 1)).not.toBeNull()
  })

  it('is as large as before when all have left, also those that say so twice', () => {
    const { room, leaves } = filled(16, MIB)
    for (const leave of [...leaves, ...leaves]) leave()
    expect(room.enter('ap_all', 16 * MIB)).not.toBeNull()
    expect(room.enter('ap_more', 1)).toBeNull()
  })

  it('loses nothing by those that it turned away', () => {
    const { room, leaves } = filled(16, MIB)
    for (let tries = 0; tries < 200; tries += 1) expect(room.enter('ap_0', MIB)).toBeNull()
    leaves[0]?.()
    expect(room.enter('ap_more', MIB)).not.toBeNull()
  })
})
