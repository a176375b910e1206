import { capabilities } from './capabilities.ts'
import { sendCall } from './sending.ts'
import { LIST_CAPABILITIES, REQUEST } from './texts.ts'
import type { Tool } from './tool.ts'

const anyone = () => true

/** Every tool, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [
  { ...LIST_CAPABILITIES, isFor: anyone, run: capabilities },
  { ...REQUEST, isFor: anyone, run: sendCall },
]
