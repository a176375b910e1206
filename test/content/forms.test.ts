import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { bodyFields, queryFields } from '../../src/content/body.ts'
import { verdictOf } from '../../src/content/conditions.ts'
import { Unreadable } from '../../src/content/content.ts'
import { bodyOf, field, fieldsOf, FORM, MULTIPART, multipartOf, queryOf, stepsOf } from './of.ts'

/** What stands at a field of a form. */
function found(name: string, form: string) {
  return fieldsOf(FORM, form)
    .find(stepsOf(name))
    .map((leaf) => (leaf.is === 'text' ? leaf.text : leaf.is))
}

describe('many fields', () => {
  const fields = (count: number) => Array.from({ length: count }, (_, n) => `f${n}`)
  const form = (count: number) => [...fields(count - 1).map((name) => `${name}=1`), 'a=1'].join('&')
  const parts = (count: number) => multipartOf(...fields(count).map((name) => field(name, '1')))

  it('are read up to the thousandth, and a server may leave out the next', () => {
    expect(found('a', form(1000))).toEqual(['1'])
    expect(() => found('a', form(1001))).toThrow(Unreadable)
    expect(fieldsOf(MULTIPART, parts(1000)).find(stepsOf('f999'))).toHaveLength(1)
    expect(() => fieldsOf(MULTIPART, parts(1001))).toThrow(Unreadable)
  })
})

describe('a field of a form', () => {
  it.each([
    ['a', 'a=1', ['1']],
    ['a', 'b=2&a=1&c', ['1']],
    ['a', '%61=1', ['1']],
    ['a', 'a=b%26c%3Dd%3B+%2B', ['b&c=d; +']],
    ['a', 'a=', ['']],
    ['a', 'a=1=2', ['1=2']],
    ['a', '&&a=1&', ['1']],
    ['a', 'b=1', ['nothing']],
    ['a', 'b;c=1&a=1', ['1']],
    ['a b', 'a+b=1', ['1']],
    ['a', 'a=b c', ['b c']],
    ['a.b', 'a%5Bb%5D=1', ['1']],
    ['a.b', 'a[b]=1&a[c]=2', ['1']],
    ['a\\.b', 'a.b=1', ['1']],
    ['a[]', 'a[]=1&a[]=2', ['1', '2']],
    ['a[]', 'a[0]=1&a[1]=2', ['1', '2']],
    ['a[]', 'b=1', ['nothing']],
    ['a[].b', 'a[0][b]=1&a[1][b]=2&a[1][c]=3', ['1', '2']],
    ['a[].b', 'a[0][b]=1&a[1][c]=2', ['1', 'nothing']],
    ['a[].b', 'a[][c]=1', ['nothing']],
    ['a.b[].c', 'a[b][7][c]=1', ['1']],
    ['amount', 'amounts=1&amount_captured=2&am=3&amount=4', ['4']],
    ['constructor', 'a=1', ['nothing']],
    ['a', 'a=%E2%82%AC', ['€']],
  ])('%s of %s', (name, form, expected) => {
    expect(found(name, form)).toEqual(expected)
  })

  it.each([
    ['a', 'a=1&a=1'],
    ['a', 'a=1&a=2'],
    ['a', 'a=1&%61=2'],
    ['a', 'a=1&A=2'],
    ['a', 'A=1'],
    ['a', 'a[]=1'],
    ['a', 'a=1&a[]=2'],
    ['a', 'a=1&a[0]=2'],
    ['a', 'a=1&a[x]=2'],
    ['a', 'a=1&a[=2'],
    ['a', '[a]=1'],
    ['a', 'a'],
    ['a', 'a;=1'],
    ['a', 'a=1;a=2'],
    ['a', 'b=1;a=2'],
    ['a', 'a=1;b=2'],
    ['a', 'a=1&b;a=2'],
    ['a', 'a=%'],
    ['a', 'a=%zz'],
    ['a', 'a=%ff'],
    ['a', 'a=%c0%af'],
    ['a', 'a=%ed%a0%80'],
    ['a', 'a%00=1'],
    ['a', 'a%00x=1'],
    ['a', 'a=1&%2561=2'],
    ['a', 'a=1&%u0061=2'],
    ['a', 'a=1&%EF%BD%81=2'],
    ['a', 'a=1&+a=2'],
    ['a', ' a=1'],
    ['a', 'a =1'],
    ['a', 'a=1&a+=2'],
    ['a_b', 'a_b=1&a.b=2'],
    ['a_b', 'a_b=1&a+b=2'],
    ['a_b', 'a_b=1&a[b=2'],
    ['a_b', 'a_b=1&a-b=2'],
    ['a_b', 'aB=2'],
    ['customer.id', 'customer[id]=1&customer.id=2'],
    ['customer.id', 'customer[id]=1&customer_id=2'],
    ['customer.id', 'customer[id]=1&customer=2'],
    ['customer.id', 'customer[id]=1&customer[ID]=2'],
    ['customer.id', 'customer[id]=1&customer[id][]=2'],
    ['customer.id', 'customer[id]=1&customer[id]x=2'],
    ['customer.id', 'customer[0][id]=1'],
    ['customer.id', 'customer%255Bid%255D=1'],
    ['a[]', 'a[]=1&a[0]=2'],
    ['a[]', 'a[0]=1&a[0]=2'],
    ['a[]', 'a[00]=1'],
    ['a[]', 'a[-1]=1'],
    ['a[]', 'a=1'],
    ['a[]', 'a=1&a=2'],
    ['a[]', 'a[][]=1'],
    ['a[].b', 'a[][b]=1'],
    ['a[].b', 'a[0][b]=1&a[0][b]=2'],
    ['a[].b', 'a[0][b]=1&a[0][B]=2'],
    ['a[].b[].c', 'a[0][b][0][c]=1'],
  ])('%s of %s cannot be told', (name, form) => {
    expect(() => found(name, form)).toThrow(Unreadable)
  })

  it.each([
    ['JSON', '{"a": 1}'],
    ['JSON behind blanks', ' {"a":1}'],
    ['a list', '[1]'],
    ['XML', '<a>1</a>'],
    ['an end of a line', 'a=1\r\n'],
    ['a NUL', 'a=1\0'],
    ['a byte order mark', '\uFEFFa=1'],
    ['another character set', '_charset_=utf-7&a=1'],
  ])('%s is no form', (_, form) => {
    expect(() => found(form.startsWith('\uFEFF') ? 'a' : 'x', form)).toThrow(Unreadable)
  })
})

describe('a parameter of the query', () => {
  const verdict = (name: string, query: string, condition = {}) =>
    queryFields(query).map((fields) =>
      verdictOf(queryOf({ [name]: { required: true, ...condition } }), fields),
    )

  it.each([
    ['limit', '?limit=10', ['holds']],
    ['limit', '', ['fails']],
    ['limit', '?limi=1', ['fails']],
    ['created[gte]', '?created[gte]=1', ['holds']],
    ['created[gte]', '?created%5Bgte%5D=1', ['holds']],
    ['page.size', '?page.size=1', ['holds']],
    ['types[]', '?types[]=a&types[]=b', ['holds']],
    ['$filter', '?$filter=x', ['holds']],
  ])('%s of %s', (name, query, expected) => {
    expect(verdict(name, query)).toEqual(expected)
  })

  it('is read with each meaning that a plus may have', () => {
    expect(verdict('q', '?q=a+b', { in: ['a b'] })).toEqual(['holds', 'fails'])
    expect(verdict('q', '?q=a%20b', { in: ['a b'] })).toEqual(['holds'])
  })

  it.each([
    ['limit', '?limit=1&limit=1'],
    ['limit', '?limit=1&Limit=2'],
    ['limit', '?limit[]=1'],
    ['limit', '?limit'],
    ['limit', '?limit=1;limit=2'],
    ['limit', '?x;limit=2'],
    ['limit', '?limit=%e9'],
    ['page_size', '?pageSize=1'],
    ['pageSize', '?pageSize=1&page_size=2'],
    ['created[gte]', '?created[gte]=1&created.gte=2'],
    ['created[gte]', '?created=1'],
    ['page.size', '?page[size]=1'],
    ['types[]', '?types=a'],
  ])('%s of %s cannot be told', (name, query) => {
    expect(() => verdict(name, query)).toThrow(Unreadable)
  })
})

describe('a body', () => {
  const conditions = bodyOf({ a: { lte: 10 } })
  const verdict = (type: string, body: string, query = '') =>
    verdictOf(conditions, fieldsOf(type, body, query))

  it.each([
    ['application/json', '{"a": 1}'],
    ['application/json; charset=utf-8', '{"a": 1}'],
    ['application/json;charset="UTF-8"', '{"a": 1}'],
    ['Application/JSON ; profile=x', '{"a": 1}'],
    ['application/vnd.github+json', '{"a": 1}'],
    ['application/x-www-form-urlencoded', 'a=1'],
    ['application/x-www-form-urlencoded; charset=UTF-8', 'a=1'],
    [MULTIPART, multipartOf(field('a', '1'))],
    ['multipart/form-data; boundary="x"', multipartOf(field('a', '1'))],
  ])('%s', (type, body) => {
    expect(verdict(type, body)).toBe('holds')
  })

  it.each([
    ['', '{"a": 1}'],
    ['text/plain', '{"a": 1}'],
    ['application/xml', '<a>1</a>'],
    ['application/octet-stream', '{"a": 1}'],
    ['application/json, application/json', '{"a": 1}'],
    ['application/json, text/plain', '{"a": 1}'],
    ['application/json; charset=utf-16', '{"a": 1}'],
    ['application/json; charset=iso-8859-1', '{"a": 1}'],
    ['application/json; charset=utf-8; charset=utf-16', '{"a": 1}'],
    ['application/json; charset', '{"a": 1}'],
    ['application/json; charset="utf-8\\""', '{"a": 1}'],
    ['application/x-ndjson', '{"a": 1}'],
    ['multipart/mixed; boundary=x', multipartOf(field('a', '1'))],
    ['multipart/form-data', multipartOf(field('a', '1'))],
    ['multipart/form-data; boundary=y', multipartOf(field('a', '1'))],
    ['multipart/form-data; boundary=x; boundary=x', multipartOf(field('a', '1'))],
    ['multipart/form-data; boundary*=x', multipartOf(field('a', '1'))],
    ['multipart/form-data; boundary=""', multipartOf(field('a', '1'))],
  ])('as %s cannot be read', (type, body) => {
    expect(() => verdict(type, body)).toThrow(Unreadable)
  })

  it.each(['gzip', 'identity, gzip', 'x', ''])(
    'with Content-Encoding %j cannot be read',
    (coding) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding }
      const bytes = new TextEncoder().encode('{"a": 1}')
      expect(() => bodyFields(new Headers(headers), bytes, '')).toThrow(Unreadable)
      const plain = new Headers({ ...headers, 'content-encoding': 'Identity' })
      expect(verdictOf(conditions, bodyFields(plain, bytes, ''))).toBe('holds')
    },
  )

  it.each(['', 'application/json', 'application/x-www-form-urlencoded', 'text/plain', MULTIPART])(
    'with nothing in it says nothing, as %j',
    (type) => {
      expect(verdict(type, '')).toBe('fails')
    },
  )

  it('is not all, where the query says the same field', () => {
    expect(verdict('application/json', '{"a": 1}', '?b=2')).toBe('holds')
    for (const query of ['?a=99', '?A=99', '?b=1;a=99', '?a[]=99', '?%61', '?a.b=1']) {
      expect(() => verdict('application/json', '{"a": 1}', query)).toThrow(Unreadable)
      expect(() => verdict('application/json', '', query)).toThrow(Unreadable)
    }
  })
})

it('reads what URLSearchParams writes', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/)
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary' }), { minKeys: 1 }), (all) => {
      const form = new URLSearchParams(all).toString()
      for (const [key, text] of Object.entries(all)) {
        expect(found(key, form)).toEqual([text.toWellFormed()])
      }
    }),
  )
})

it('throws nothing but that it cannot be told', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '=',
    '&',
    ';',
    '[',
    ']',
    '%61',
    '%',
    '+',
    '.',
    '0',
    'A',
    '_',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 16 }),
      fc.constantFrom('a', 'a.b', 'a[]', 'a[].b'),
      (pieces, name) => {
        try {
          found(name, `x=1&${pieces.join('')}`)
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable)
        }
      },
    ),
    { numRuns: 2000 },
  )
})
