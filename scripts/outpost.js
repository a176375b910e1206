#!/usr/bin/env node
// `npx outpost`: plain JavaScript, because the Node that npx finds may be 20, which runs no
// TypeScript. Then the Node that the package brings takes over (docs/decisions/0002).
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** `outpost dev` is `npm start`. Everything else is asked of a server that runs. */
const isDev = process.argv[2] === 'dev'
if (isDev) process.argv.splice(2, 1)
const main = new URL(isDev ? 'start.ts' : 'cli/main.ts', import.meta.url)

/** Exit code 70, as in scripts/cli/exit.ts. */
function unusable(why) {
  process.stderr.write(`outpost: ${why}\n`)
  process.exitCode = 70
}

/** Runs it with the other Node, and ends as that ends. */
function handOver(node) {
  const args = [fileURLToPath(main), ...process.argv.slice(2)]
  // A signal to the whole process group arrives there by itself; one to us alone is passed on. Before it
  // is started: a signal that came in between would end us and leave it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const child = spawn(node, args, { stdio: 'inherit' })
  child.on('error', (error) => unusable(`cannot run ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

if (!existsSync(new URL('../node_modules/commander', import.meta.url))) {
  unusable('its packages are not installed: run `npm ci` in the checkout')
} else if (process.features.typescript) {
  await import(main.href)
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (existsSync(node)) handOver(node)
  else unusable(`Node ${process.version} is too old, and there is no other: use 22.18 or newer`)
}
