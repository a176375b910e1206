import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Answer } from '../workstation/ask.ts'
import { EXIT, Failure, misuse } from './exit.ts'
import { isHere } from './place.ts'
import type { Asked } from './place.ts'

const NAME = 'OUTPOST_ADMIN_TOKEN'

/**
 * The operator's token where this checkout's `workstation.yaml` says that a store of this machine keeps
 * it. null: it does not, the environment has the token, or the server is on another machine. Never the
 * file of the folder that one happens to stand in: whoever wrote that could have any item sent to a
 * server of his.
 *
 * @throws Failure, denied: the store does not give it.
 */
export async function storedToken(
  asked: Asked,
  env: NodeJS.ProcessEnv,
  root: string,
): Promise<string | null> {
  const path = join(root, 'workstation.yaml')
  if (env[NAME]?.trim() || !existsSync(path) || !isHere(asked, env)) return null
  const answer = await answerFrom(path, env)
  if (answer === null || 'value' in answer) return answer?.value ?? null
  throw new Failure(EXIT.denied, `no operator's token: ${answer.why}`)
}

/** null: the file does not name it. */
async function answerFrom(path: string, env: NodeJS.ProcessEnv): Promise<Answer | null> {
  // What reads YAML and runs programs is loaded for those who have such a file.
  const [{ readWorkstation }, { askAll }] = await Promise.all([
    import('../workstation/file.ts'),
    import('../workstation/ask.ts'),
  ])
  const found = readWorkstation(path)
  if (found?.problems.length) misuse(`${path} has an error: \`npx outpost dev\` says which`)
  const reference = found?.references.get(NAME)
  if (!reference) return null
  return (await askAll([reference], { env })).get(reference.text) ?? null
}
