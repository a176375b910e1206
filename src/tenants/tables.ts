import { Ledger } from '../audit/ledger.ts'
import { AccessTable } from './access_table.ts'
import { ApprovalsTable } from './approvals_table.ts'
import { GrantsTable } from './grants_table.ts'
import { PausesTable } from './pauses_table.ts'

/** Everything that is kept of one tenant. */
export interface Tables {
  readonly grants: GrantsTable
  readonly approvals: ApprovalsTable
  readonly access: AccessTable
  readonly pauses: PausesTable
  readonly ledger: Ledger
}

/** Makes the tables when they are not there. */
export function tablesIn(sql: SqlStorage, tenant: string): Tables {
  return {
    grants: new GrantsTable(sql),
    approvals: new ApprovalsTable(sql),
    access: new AccessTable(sql),
    pauses: new PausesTable(sql),
    ledger: new Ledger(sql, tenant),
  }
}

/** Whether `tablesIn` was ever called; finding that out writes nothing. */
export function hasTables(sql: SqlStorage): boolean {
  const named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'grants'"
  return sql.exec(named).toArray().length > 0
}
