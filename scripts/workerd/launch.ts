import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import type { ClientRequest } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

const START_LIMIT_MS = 20_000
const DRAIN_MS = 8000
const LEAST_LINGER_MS = 2000

export interface Launch {
  /** Path of the configuration, with one socket, called `http`. */
  readonly config: string
  readonly host: string
  readonly port: number
  /** All of the child's environment. */
  readonly env: Readonly<Record<string, string>>
  /**
   * `inherit`: the Worker's log lines come out of our own stdout and stderr, unchanged. A number: they
   * go to that open file, and past this process.
   */
  readonly output: 'inherit' | 'keep' | number
  readonly onSpawn: (pid: number) => void
  /** A socket beside the configuration: who calls there keeps it from ending for a while (linger.js). */
  readonly linger?: string
}

export interface Running {
  readonly url: string
  /** Of workerd, which is the one to measure. */
  readonly pid: number
  /** Resolves when workerd has ended, for whatever reason, with a word on how. */
  readonly ended: Promise<string>
  /** What the Worker logged so far, stdout and stderr, when it is kept. */
  readonly output: () => string
  /**
   * Takes no new calls, and gives open ones, and what was left for later, `drainMs` to finish. Less
   * than two seconds are for who need not wait: then the records of the last second may be lost.
   */
  readonly stop: (drainMs?: number) => Promise<void>
}

/**
 * Starts `workerd serve` and returns when it answers over HTTP. It ends when this process ends.
 *
 * @throws when the port is taken, or workerd ends or stays silent.
 */
export async function launch(wanted: Launch): Promise<Running> {
  const child = spawn(binary(), ['serve', wanted.config, '--control-fd=3'], {
    // Its own process group: Ctrl-C in a terminal reaches us, and we let open calls finish.
    detached: true,
    // Where the socket of linger.js is: a path of more than a hundred characters is none.
    cwd: dirname(wanted.config),
    env: wanted.env,
    stdio: ['ignore', ...streamsOf(wanted.output), 'pipe'],
  })
  const log = logOf(child, wanted.output)
  const ended = endOf(child)
  const pid = child.pid
  if (pid === undefined) throw new Error(await ended)
  wanted.onSpawn(pid)
  const unguard = guard(pid)
  void ended.then(unguard)
  const stop = async (drainMs = DRAIN_MS) => {
    const release = drainMs < LEAST_LINGER_MS ? null : await linger(wanted)
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), drainMs)
    await ended
    clearTimeout(late)
    release?.destroy()
  }
  try {
    const failed = ended.then((how) =>
      Promise.reject(new Error(diagnosis(log.text(), how, wanted))),
    )
    const url = await Promise.race([answering(child, wanted.host), failed])
    log.release()
    return { url, pid, ended, output: log.text, stop }
  } catch (error) {
    await stop(0)
    throw error
  }
}

/** Resolves when the call is open, as it then is for as long as linger.js says. null: nobody is there. */
async function linger({ linger: socket, config }: Launch): Promise<ClientRequest | null> {
  if (socket === undefined) return null
  const socketPath = join(dirname(config), socket)
  const call = get({ socketPath, agent: false, signal: AbortSignal.timeout(LEAST_LINGER_MS) })
  call.on('error', () => {})
  try {
    const [answer] = (await once(call, 'response')) as [Readable]
    answer.on('error', () => {}).resume()
    return call
  } catch {
    return null
  }
}

function binary(): string {
  const wrangler = createRequire(createRequire(import.meta.url).resolve('wrangler'))
  return (wrangler('workerd') as { readonly default: string }).default
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return signal === null ? `exit code ${code}` : signal
  } catch (error) {
    return `workerd cannot be run: ${String(error)}`
  }
}

/** The address at which it answers, as soon as it does. workerd reports its port on descriptor 3. */
async function answering(child: ChildProcess, host: string): Promise<string> {
  const signal = AbortSignal.timeout(START_LIMIT_MS)
  try {
    const report = child.stdio[3] as Readable
    const port = await portIn(report, signal)
    report.resume()
    const url = `http://${reachable(host)}:${port}`
    while (!(await answers(url, signal))) await delay(20, undefined, { signal })
    return url
  } catch (error) {
    if (!signal.aborted) throw error
    throw new Error(`workerd did not answer within ${START_LIMIT_MS / 1000} s`, { cause: error })
  }
}

/** It reports each socket, in a line of JSON. */
async function portIn(report: Readable, signal: AbortSignal): Promise<number> {
  let text = ''
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is there
    const [part] = (await once(report, 'data', { signal })) as [Buffer]
    text += part.toString()
    const said = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { socket?: string; port?: number })
    const port = said.find(({ socket }) => socket === 'http')?.port
    if (port !== undefined) return port
  }
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  const request = get(`${url}/healthz`, { signal, agent: false })
  try {
    await once(request, 'response')
    return true
  } catch {
    signal.throwIfAborted()
    return false
  } finally {
    request.destroy()
  }
}

/** How this machine reaches a server that listens on `host`. */
function reachable(host: string): string {
  if (['*', '0.0.0.0', '::'].includes(host)) return '127.0.0.1'
  return bracketed(host)
}

/** As it stands in front of `:port`. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** For stdout and stderr. Complaints at the start are wanted here, unless a file has them. */
function streamsOf(output: Launch['output']): ['pipe' | 'inherit' | number, 'pipe' | number] {
  if (typeof output === 'number') return [output, output]
  return [output === 'keep' ? 'pipe' : 'inherit', 'pipe']
}

/** Until workerd answers, its complaints are held back: they may become the error that is thrown. */
function logOf(child: ChildProcess, output: Launch['output']) {
  let kept = ''
  let passing = false
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    kept += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (passing) process.stderr.write(text)
    else kept += text
  })
  return {
    text: () => kept,
    release: () => {
      if (output === 'keep') return
      passing = true
      process.stderr.write(kept)
      kept = ''
    },
  }
}

function diagnosis(log: string, how: string, { host, port }: Launch): string {
  if (log.includes('Address already in use')) {
    return `port ${port} on ${host} is already in use; stop what listens there, or choose another with --port`
  }
  if (/Cannot assign requested address|parseAddress|getaddrinfo/.test(log)) {
    return `cannot listen on ${host}, port ${port}: not an address of this machine`
  }
  return `workerd did not start (${how})\n${log.trim()}`
}

/**
 * A shell that waits for the end of a pipe that we hold. It comes when we end, even by SIGKILL, and
 * then the shell ends workerd. Returns what calls that off.
 */
function guard(pid: number): () => void {
  const script = [
    'read -r line && exit',
    'kill -TERM "$1"',
    'n=0; while kill -0 "$1" && [ $n -lt 40 ]; do sleep 0.2; n=$((n+1)); done',
    'kill -KILL "$1"',
  ].join('\n')
  const shell = spawn('/bin/sh', ['-c', script, 'outpost-guard', String(pid)], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  return () => shell.stdin.end('over\n')
}
