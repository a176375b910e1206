import { choice, whole } from './value.ts'

const DAY_MS = 86_400_000
const MIB = 1024 * 1024

/** The keys of a provider file that are about web sockets: docs/websocket.md. */
export const websocketShape = {
  websocket: choice(['allow', 'sensitive', 'deny']).optional(),
  websocket_idle_ms: whole(1000, DAY_MS).default(300_000),
  websocket_unread_bytes: whole(1024, 1024 * MIB).default(32 * MIB),
}
