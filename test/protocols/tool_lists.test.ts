import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { EventStream } from '../../src/protocols/event_stream.ts'
import { withoutTools } from '../../src/protocols/tool_lists.ts'

const may = (name: string) => !name.startsWith('no')

describe('a message that is deep', () => {
  it.each([
    ['lists', '[', ']', 200_000],
    ['objects', '{"a":', '}', 200_000],
    ['lists', '[', ']', 900],
  ])('is looked through in no time: %s', (_what, opening, closing, depth) => {
    const started = Date.now()
    expect(withoutTools(`${opening.repeat(depth)}1${closing.repeat(depth)}`, may)).toBeNull()
    expect(Date.now() - started).toBeLessThan(1000)
  })

  it('below its tools is pruned', () => {
    const good = `{"name":"a","x":${'[{"name":"no","y":'.repeat(90)}[1,2]${'}]'.repeat(90)}}`
    const all = (items: string) => `{"result":{"tools":[${items}],"nextCursor":"x"}}`
    expect(withoutTools(all(`${good},{"name":"no"},${good}`), may)).toBe(all(`${good},${good}`))
    expect(withoutTools(`[${all(`{"name":"no"},${good}`)}]`, may)).toBe(`[${all(good)}]`)
  })
})

describe('a message with a list of tools', () => {
  it.each([
    [
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"no"},{"name":"b"}]}}',
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}',
    ],
    [
      '{"result":{"tools":[{"name":"no1"},{"name":"no2"}],"nextCursor":"x"}}',
      '{"result":{"tools":[],"nextCursor":"x"}}',
    ],
    [
      '{"id":12345678901234567890,"result":{"nextCursor":"1e2","tools":[ {"name" : "a", "n": 1.0e2 } , {"name":"no"} ] } }',
      '{"id":12345678901234567890,"result":{"nextCursor":"1e2","tools":[ {"name" : "a", "n": 1.0e2 } ] } }',
    ],
    [
      '[{"result":{"tools":[{"name":"no"}]}},{"result":{"tools":[{"name":"a"},{"name":"no"}]}}]',
      '[{"result":{"tools":[]}},{"result":{"tools":[{"name":"a"}]}}]',
    ],
    ['{"result":{"\\u0074ools":[{"n\\u0061me":"n\\u006f"}]}}', '{"result":{"\\u0074ools":[]}}'],
    [
      '{"result":{"tools":[{"name":"a","title":"],{\\"name\\":\\"no\\"}"},{"name":"no"}]}}',
      '{"result":{"tools":[{"name":"a","title":"],{\\"name\\":\\"no\\"}"}]}}',
    ],
    [
      '{"result":{"tools":[{"name":"a","inputSchema":{"tools":[{"name":"no"}]}},{"name":"no"}]}}',
      '{"result":{"tools":[{"name":"a","inputSchema":{"tools":[{"name":"no"}]}}]}}',
    ],
    ['{"result":{"tools":[{"title":"nameless"},5,null,{"name":7}]}}', '{"result":{"tools":[]}}'],
    [
      '{"result":{"tools":[]},"result":{"tools":[{"name":"no"}]}}',
      '{"result":{"tools":[]},"result":{"tools":[]}}',
    ],
  ])('%#: %s', (text, expected) => {
    expect(withoutTools(text, may)).toBe(expected)
  })

  it.each([
    ['{"result":{"tools":[{"name":"a"}]}}'],
    ['{"result":{"tools":[]}}'],
    ['{"result":{"tools":{"name":"no"}}}'],
    ['{"result":{"content":[{"name":"no"}]}}'],
    ['{"tools":[{"name":"no"}]}'],
    ['{"result":{"x":{"tools":[{"name":"no"}]}}}'],
    ['{"params":{"tools":[{"name":"no"}]}}'],
    ['{"result":["tools",[{"name":"no"}]]}'],
    ['{"error":{"code":1,"message":"result: tools"}}'],
    ['not json: "result":{"tools":[{"name":"no"}]}'],
    ['"x"'],
    [''],
  ])('%s stays as it is', (text) => {
    expect(withoutTools(text, may)).toBeNull()
  })

  it('has what JSON.parse finds in it, less what may not be called', () => {
    const name = fc.constantFrom('a', 'b', 'no', 'nope', 'é\n"\\')
    const tool = fc.record({ name, inputSchema: fc.jsonValue(), title: fc.string() })
    const message = fc.record({
      jsonrpc: fc.constant('2.0'),
      id: fc.oneof(fc.integer(), fc.string()),
      result: fc.record({ tools: fc.array(tool), nextCursor: fc.string() }, { requiredKeys: [] }),
    })
    const indent = fc.constantFrom(undefined, 2, '\t')
    fc.assert(
      fc.property(message, indent, (made, by) => {
        const said = withoutTools(JSON.stringify(made, null, by), may) ?? JSON.stringify(made)
        const expected = structuredClone(made)
        if (expected.result.tools) {
          expected.result.tools = expected.result.tools.filter((each) => may(each.name))
        }
        expect(JSON.stringify(JSON.parse(said))).toBe(JSON.stringify(expected))
      }),
    )
  })
})

const LIST = '{"id":1,"result":{"tools":[{"name":"a"},{"name":"no"}]}}'
const PRUNED = '{"id":1,"result":{"tools":[{"name":"a"}]}}'

interface Fed {
  readonly limit?: number
  readonly passLonger?: boolean
}

/** Everything that comes out, part by part. */
function fed(
  chunks: readonly Uint8Array[],
  { limit = 10_000, passLonger = true }: Fed = {},
): string[] {
  const change = (data: string) => withoutTools(data, may)
  const stream = new EventStream({ change, limit, passLonger })
  const parts = [...chunks.flatMap((chunk) => stream.push(chunk)), ...stream.end()]
  return parts.map((part) =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(part),
  )
}

const bytes = (text: string) => new TextEncoder().encode(text)
const through = (text: string, how?: Fed) => fed([bytes(text)], how).join('')

describe('a stream of events', () => {
  it.each([
    [`data: ${LIST}\n\n`, `data: ${PRUNED}\n\n`],
    [`event: message\nid: 5\ndata: ${LIST}\n\n`, `event: message\nid: 5\ndata: ${PRUNED}\n\n`],
    [
      `event: message\r\ndata:${LIST}\r\nid:5\r\n\r\n`,
      `event: message\r\ndata: ${PRUNED}\r\nid:5\r\n\r\n`,
    ],
    [`data: ${LIST}\r\r`, `data: ${PRUNED}\r\r`],
    [
      `: hello\n\n: more\ndata: ${LIST}\n\nevent: other\ndata: x\n\n`,
      `: hello\n\n: more\ndata: ${PRUNED}\n\nevent: other\ndata: x\n\n`,
    ],
    [
      `data: {"id":1,"result":{\ndata: "tools":[{"name":"no"}]\ndata: }}\nid: 3\n\n`,
      'data: {"id":1,"result":{\ndata: "tools":[]\ndata: }}\nid: 3\n\n',
    ],
    [`\uFEFFdata: ${LIST}\n\n`, `data: ${PRUNED}\n\n`],
    [`data: ${LIST}`, `data: ${PRUNED}`],
    [`retry: 5\ndata: ${LIST}\n`, `retry: 5\ndata: ${PRUNED}\n`],
  ])('%j becomes %j', (text, expected) => {
    expect(through(text)).toBe(expected)
  })

  it.each([
    [`event: other\ndata: ${LIST}\n\n`],
    ['data: {"method":"notifications/tools/list_changed"}\n\n'],
    [': ping\n\n'],
    ['\n\n\r\n\r\r\n'],
    ['data: {"result":{"content":[{"text":"tools"}]}}\n\n'],
    ['dataset: {"result":{"tools":[{"name":"no"}]}}\n\n'],
    ['data: not json, but tools\n\n'],
  ])('%j stays as it is', (text) => {
    expect(through(text)).toBe(text)
  })

  it('each is handed on as soon as it has come', () => {
    const stream = new EventStream({ change: () => null, limit: 100, passLonger: true })
    expect(stream.push(bytes('data: a\n')).length).toBe(0)
    expect(stream.push(bytes('\ndata: b\n\ndata: c')).length).toBe(2)
    expect(stream.push(bytes('\r\n\r')).length).toBe(1)
  })

  it('that is too long passes as it comes, or ends the stream', () => {
    const long = `data: ${'x'.repeat(200)}\n\n`
    const text = `${long}data: ${LIST}\n\n`
    expect(through(text, { limit: 100 })).toBe(`${long}data: ${PRUNED}\n\n`)
    expect(() => through(text, { limit: 100, passLonger: false })).toThrow(RangeError)
  })

  it('is the same in whatever pieces it comes', () => {
    const text = `: é\r\nid: 1\r\ndata: ${LIST}\r\n\r\nevent: x\ndata: tools\n\ndata: ${LIST}\n\n\rdata: ${LIST}\r\rdata: end`
    const all = bytes(text)
    fc.assert(
      fc.property(fc.array(fc.nat(all.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), all.length]
        const chunks = at.slice(1).map((end, index) => all.slice(at[index], end))
        expect(fed(chunks).join('')).toBe(through(text))
      }),
    )
    expect(through(text)).not.toContain('"no"')
  })
})
