import * as v from 'valibot'
import { expect, it } from 'vitest'

import { EventView } from '../../scripts/cli/answers.ts'
import { eventTable } from '../../scripts/cli/audit-view.ts'

const CALL = {
  at: '2026-11-26T02:33:51.000Z',
  decision: 'allow',
  status: 200,
  agent: 'ci',
  provider: 'linear',
  method: 'POST',
  path: '/mcp',
  query_keys: ['a'],
}

it.each([
  ['tools/call create_issue', /POST \/mcp\?a \(tools\/call create_issue\)/],
  [null, /POST \/mcp\?a *$/],
])('shows the operation of a call, where there is one: %s', (operation, shown) => {
  const event = v.parse(EventView, { ...CALL, operation })
  expect(eventTable([event], 200).at(-1)).toMatch(shown)
})
