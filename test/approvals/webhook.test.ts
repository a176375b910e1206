import { describe, expect, it } from 'vitest'

import { webhookMessage } from '../../src/approvals/webhook.ts'
import { anAsk } from '../tenants/world.ts'

const textOf = (over: Parameters<typeof anAsk>[1] = {}) =>
  String(webhookMessage('ap_1', anAsk({}, over))['text'])

describe('the text for a chat', () => {
  it('says first what decides, and then what the agent wrote', () => {
    expect(textOf({ summary: 'none' }).split('\n')).toEqual([
      'outpost approve ap_1   or   outpost deny ap_1',
      'triage (acme / website) asks to POST api.github.com',
      'grant: a note',
      'body: none',
      'path: /repos/a/issues',
      'query: x',
    ])
  })

  it.each([
    ['no project', { project: null }, 'triage (acme) asks'],
    ['no note', { grant_note: '' }, 'api.github.com\nbody'],
    ['no query', { query_keys: [] }, /issues$/],
    ['markup of the agent’s', { shown_path: '/<!channel>&' }, '/&lt;!channel&gt;&amp;'],
  ])('with %s', (_title, over, part) => {
    expect(textOf(over)).toMatch(part)
  })

  it.each([
    ['a path', { shown_path: `/${'p'.repeat(4000)}` }],
    ['markup', { summary: '<'.repeat(1000) }],
    ['names', { query_keys: Array.from({ length: 32 }, (_, n) => `${n}${'k'.repeat(100)}`) }],
  ])('that is too long for %s says that it is cut, and keeps what decides', (_title, over) => {
    const text = textOf(over)
    expect(text).toMatch(/… \(cut\)$/)
    expect(text.length).toBeLessThan(3020)
    expect(text).toContain('outpost deny ap_1\ntriage (acme / website) asks to POST')
  })

  it('has the whole of what a person is shown where nothing of it is escaped', () => {
    const over = { summary: 's'.repeat(1350), shown_path: `/${'p'.repeat(1050)}` }
    expect(textOf(over)).toContain(`body: ${over.summary}\npath: ${over.shown_path}\nquery`)
  })
})
