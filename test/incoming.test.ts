import { describe, expect, it } from 'vitest'

import { Incoming } from '../src/incoming.ts'

const LIMITS = { max_body_bytes: 10, timeout_ms: 1000 }
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** A body that comes in these pieces. */
function coming(...pieces: readonly string[]): Request {
  const { readable, writable } = new IdentityTransformStream()
  const write = async (): Promise<void> => {
    const writer = writable.getWriter()
    for (const piece of pieces) await writer.write(new TextEncoder().encode(piece))
    await writer.close()
  }
  void write().catch(() => {})
  return new Request('https://api.test/', { method: 'POST', body: readable })
}

async function rest(incoming: Incoming): Promise<string> {
  let all = ''
  for await (const chunk of incoming.chunks()) all += text(chunk)
  return all
}

describe('a body on its way', () => {
  it('goes on from its first byte, however much of it was looked at', async () => {
    const body = new Incoming({ request: coming('ab', 'cd', 'ef', 'gh') }, LIMITS)
    const head = await body.read((bytes) => bytes.byteLength >= 4)
    expect([text(head.bytes), head.whole, body.whole]).toEqual(['abcd', false, null])
    expect(await rest(body)).toBe('abcdefgh')
  })

  it('is whole when it was read to its end, and can be sent twice', async () => {
    const body = new Incoming({ request: coming('ab', 'cd') }, LIMITS)
    expect(await body.read()).toEqual({ bytes: new TextEncoder().encode('abcd'), whole: true })
    expect(text(body.whole ?? new Uint8Array())).toBe('abcd')
    expect([await rest(body), await rest(body)]).toEqual(['abcd', 'abcd'])
  })

  it('that ends before its beginning is enough is whole', async () => {
    const body = new Incoming({ request: coming('ab') }, LIMITS)
    expect(await body.read(() => false)).toMatchObject({ whole: true })
    expect(await rest(body)).toBe('ab')
  })

  it('in tiny pieces is not looked at from its start at each of them', async () => {
    const pieces = Array.from({ length: 4000 }, () => 'x')
    const body = new Incoming({ request: coming(...pieces) }, { ...LIMITS, max_body_bytes: 5000 })
    let asked = 0
    await body.read((head) => {
      asked += 1
      return head.byteLength >= 3900
    })
    expect(asked).toBeLessThan(120)
    expect(await rest(body)).toBe('x'.repeat(4000))
  })

  it('without bytes is whole and empty', async () => {
    const request = new Request('https://api.test/', { method: 'POST' })
    const body = new Incoming({ request }, LIMITS)
    expect(await body.read()).toEqual({ bytes: new Uint8Array(), whole: true })
  })

  it.each([
    ['in all', undefined],
    ['for a beginning that is never enough', () => false],
  ])('is refused when it is over the limit, %s', async (_case, enough) => {
    const body = new Incoming({ request: coming('abcdef', 'ghijkl') }, LIMITS)
    await expect(body.read(enough)).rejects.toMatchObject({ code: 'PROXY_BODY_TOO_LARGE' })
  })

  it('is refused when it pauses', async () => {
    const { readable } = new IdentityTransformStream()
    const request = new Request('https://api.test/', { method: 'POST', body: readable })
    const body = new Incoming({ request }, { ...LIMITS, timeout_ms: 20 })
    await expect(body.read()).rejects.toMatchObject({ code: 'PROXY_BAD_REQUEST' })
  })
})
