import type { Backends } from '../world.ts'
import { startConnect } from './connect.ts'

/** Starts one of each kind. They end with this process. */
export async function startBackends(): Promise<Backends> {
  const [connect] = await Promise.all([startConnect()])
  return { connect }
}
