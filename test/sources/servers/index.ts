import type { Backends } from '../world.ts'
import { startChanging } from './changing.ts'
import { startConnect } from './connect.ts'
import { startDoppler } from './doppler.ts'
import { startInfisical } from './infisical.ts'
import { startSecretsManager } from './secrets_manager.ts'
import { startVault } from './vault.ts'

/** Starts one of each kind. They end with this process. */
export async function startBackends(): Promise<Backends> {
  const [connect, infisical, doppler, vault, aws, changing] = await Promise.all([
    startConnect(),
    startInfisical(),
    startDoppler(),
    startVault(),
    startSecretsManager(),
    startChanging(),
  ])
  return { connect, infisical, doppler, vault, aws, changing }
}
