import { describe, expect, it } from 'vitest'

import { pausedBy, scopeKey } from '../../src/pauses/pause.ts'
import type { PauseScope, PauseSubject } from '../../src/pauses/pause.ts'
import { retentionDays } from '../../src/tenants/retention.ts'

const subject = { tenant: 'acme', agent: 'triage', provider: 'github', alias_of: null }

describe('a pause', () => {
  it.each<[PauseScope, Partial<PauseSubject>, boolean]>([
    [{ all: true }, {}, true],
    [{ all: true }, { agent: null }, true],
    [{ provider: 'github' }, {}, true],
    [{ provider: 'github' }, { provider: 'slack' }, false],
    [{ provider: 'github' }, { provider: 'github-acme', alias_of: 'github' }, true],
    [{ provider: 'github-acme' }, { provider: 'github-acme', alias_of: 'github' }, true],
    [{ provider: 'github-acme' }, {}, false],
    [{ provider: 'github-acme' }, { provider: 'github-globex', alias_of: 'github' }, false],
    [{ agent: 'triage' }, {}, true],
    [{ agent: 'triage' }, { agent: 'other' }, false],
    [{ agent: 'triage' }, { agent: null }, false],
    [{ tenant: 'acme' }, {}, true],
    [{ tenant: 'acme' }, { tenant: 'globex' }, false],
    [{ tenant: 'triage' }, {}, false],
  ])('of %o, a call of %o: %s', (scope, over, holds) => {
    const pause = { scope, since: 0, by: 'admin', note: '' }
    const other = { ...pause, scope: { provider: 'nobody' } }
    const call = { ...subject, ...over } as PauseSubject
    expect(pausedBy([other, pause], call)).toBe(holds ? pause : null)
  })

  it('of nothing holds for nobody', () => {
    expect(pausedBy([], subject)).toBeNull()
  })

  it('has one text for its scope', () => {
    const scopes = [{ all: true }, { provider: 'a' }, { agent: 'a' }, { tenant: 'a' }] as const
    expect(new Set(scopes.map(scopeKey)).size).toBe(4)
  })
})

it.each([
  [undefined, 30],
  [null, 30],
  ['', 30],
  ['7', 7],
  [' 90 ', 90],
  ['3650', 3650],
  ['0', 30],
  ['-1', 30],
  ['3651', 30],
  ['1.5', 30],
  ['for ever', 30],
])('AUDIT_RETENTION_DAYS of %o is %i days', (said, days) => {
  expect(retentionDays({ AUDIT_RETENTION_DAYS: said })).toBe(days)
})
