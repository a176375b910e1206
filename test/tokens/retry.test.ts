import { describe, expect, it } from 'vitest'

import type { Rejection } from '../../src/auth/signer.ts'
import type { Upstream } from '../../src/forward.ts'
import type { Permit } from '../../src/policy/decision.ts'
import { forwardSigned, judgeBody } from '../../src/retry.ts'

const digest = Promise.resolve(null)

const REJECTION: Rejection = { statuses: [401], body: null }

function permitFor(body: string | null): Permit {
  const request = new Request('https://proxy.test/', { method: 'POST', body })
  return { call: { request } } as Permit
}

/** Attempts that answer in turn, and what became of the bodies. */
function attempts(...statuses: number[]) {
  const cancelled: number[] = []
  let made = 0
  const attempt = (): Promise<Upstream> => {
    const status = statuses[made++]
    if (status === undefined) throw new Error('one attempt too many')
    const body = new ReadableStream({ cancel: () => void cancelled.push(status) })
    return Promise.resolve({
      response: new Response(body, { status }),
      url: 'https://up.test/',
      digest,
    })
  }
  return { attempt, cancelled, made: () => made }
}

function judge(another: boolean) {
  const reasons: string[] = []
  return {
    reasons,
    reject: (reason: string) => {
      reasons.push(reason)
      return Promise.resolve(another)
    },
  }
}

describe('forwardSigned', () => {
  it.each([
    { case: 'accepted', statuses: [200], body: null, another: true, sent: 1, told: [] },
    {
      case: 'an error that is none of ours',
      statuses: [500],
      body: null,
      another: true,
      sent: 1,
      told: [],
    },
    {
      case: 'rejected, then accepted',
      statuses: [401, 200],
      body: null,
      another: true,
      sent: 2,
      told: ['401'],
    },
    {
      case: 'rejected twice',
      statuses: [401, 401],
      body: null,
      another: true,
      sent: 2,
      told: ['401'],
    },
    {
      case: 'nothing else to try',
      statuses: [401],
      body: null,
      another: false,
      sent: 1,
      told: ['401'],
    },
    {
      case: 'no room for a second call',
      statuses: [401],
      body: null,
      another: true,
      room: false,
      sent: 1,
      told: ['401'],
    },
    {
      case: 'a body that is gone',
      statuses: [401],
      body: 'x',
      another: true,
      sent: 1,
      told: ['401'],
    },
  ])('$case', async ({ statuses, body, another, room = true, sent, told }) => {
    const { attempt, cancelled, made } = attempts(...statuses)
    const credentials = judge(another)
    const admitAgain = () => Promise.resolve(room)
    const judged = { credentials, rejection: REJECTION, signedBody: null, admitAgain }
    const { response } = await forwardSigned(attempt, permitFor(body), judged)
    expect(response.status).toBe(statuses.at(-1))
    expect([made(), credentials.reasons]).toEqual([sent, told])
    expect(cancelled).toEqual(sent === 2 ? [401] : [])
  })

  it('sends again a body that is in memory', async () => {
    const { attempt, made } = attempts(401, 200)
    const signedBody = new TextEncoder().encode('x')
    const admitAgain = () => Promise.resolve(true)
    const judged = { credentials: judge(true), rejection: REJECTION, signedBody, admitAgain }
    await forwardSigned(attempt, permitFor('x'), judged)
    expect(made()).toBe(2)
  })
})

describe('judgeBody', () => {
  const rejection: Rejection = {
    statuses: [],
    body: { json_path: 'errors[].code', codes: ['UDAPI100050', '7'] },
  }

  async function judged(response: Response): Promise<{ text: string; reasons: string[] }> {
    const credentials = judge(false)
    const work: Promise<unknown>[] = []
    const upstream = { response, url: 'https://up.test/', digest }
    const after = judgeBody(upstream, { credentials, rejection }, (each) => void work.push(each))
    const text = await after.response.text()
    await Promise.all(work)
    return { text, reasons: credentials.reasons }
  }

  const json = { 'content-type': 'application/problem+json; charset=utf-8' }

  it.each([
    ['a code', '{"errors":[{"code":7}]}', json, ['code 7']],
    ['another code', '{"errors":[{"code":8}]}', json, []],
    ['no JSON by its type', '{"errors":[{"code":7}]}', { 'content-type': 'text/plain' }, []],
    ['no JSON at all', 'errors', json, []],
    ['too large', `{"errors":[{"code":7}],"x":"${'x'.repeat(70_000)}"}`, json, []],
  ])('%s: the agent gets the answer as it was', async (_, body, headers, reasons) => {
    expect(await judged(new Response(body, { headers }))).toEqual({ text: body, reasons })
  })

  it('does not hold back a stream', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const upstream = { response: new Response(readable, { headers: json }), url: '', digest }
    const judging = { credentials: judge(false), rejection }
    const { response } = judgeBody(upstream, judging, () => {})
    void writer.write(new TextEncoder().encode('{"errors":'))
    const first = await response.body?.getReader().read()
    expect(new TextDecoder().decode(first?.value)).toBe('{"errors":')
  })
})
