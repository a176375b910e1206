import { requestAccess } from './access.ts'
import { capabilities } from './capabilities.ts'
import { sendCall } from './sending.ts'
import { LIST_CAPABILITIES, REQUEST, REQUEST_ACCESS } from './texts.ts'
import type { Tool } from './tool.ts'

const anyone = () => true

/** Every tool, in the order in which they are listed. */
export const TOOLS: readonly Tool[] = [
  { ...LIST_CAPABILITIES, isFor: anyone, run: capabilities },
  { ...REQUEST, isFor: anyone, run: sendCall },
  { ...REQUEST_ACCESS, isFor: ({ grant }) => grant !== null, run: requestAccess },
]
