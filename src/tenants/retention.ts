import { text } from '../settings.ts'
import type { Variables } from '../settings.ts'

const DEFAULT_DAYS = 30
const MOST_DAYS = 3650

/**
 * How many days records are kept: `AUDIT_RETENTION_DAYS`, a whole number from 1 to 3650. Anything
 * else is 30 days.
 */
export function retentionDays(env: Variables): number {
  const said = text(env, 'AUDIT_RETENTION_DAYS')
  const days = /^\d{1,4}$/.test(said) ? Number(said) : DEFAULT_DAYS
  return days >= 1 && days <= MOST_DAYS ? days : DEFAULT_DAYS
}
