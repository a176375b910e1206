import ipaddr from 'ipaddr.js'

import type { Auth } from '../../src/auth/config.ts'
import { isSafe } from '../../src/policy/route.ts'
import { arrange, speaksFor } from '../../src/policy/rules.ts'
import { endpointsOf } from './auth-endpoints.ts'
import type { Fault } from './explain.ts'
import type { Path } from './problem.ts'
import { ruleDoubts } from './rule-doubts.ts'
import type { ProviderFile } from './schema.ts'
import { looksLikeToken } from './secret-names.ts'
import { textOf } from './value.ts'
import { isMapping, isNull, itemsOf } from './word.ts'
import type { Tree } from './word.ts'

/** What is right by the letter, and most likely not what its author wants. For warnings. */
export function doubts(
  written: { readonly [key: string]: Tree },
  file: ProviderFile | null,
  auth: Auth | null,
): Fault[] {
  return [
    ...lostSpace(auth),
    ...(auth ? neverTried(written, auth) : []),
    ...tokensIn(written, []),
    ...(file ? silentWrites(written, file) : []),
    ...(file ? [...ruleDoubts(file.forwarding), ...unreachable(file)] : []),
    ...(file && auth ? inClear(file, auth) : []),
  ]
}

/** A scheme's name with its space lost: YAML takes the space off a value without quotes. */
function lostSpace(auth: Auth | null): Fault[] {
  const before = auth && 'prefix' in auth ? auth.prefix : ''
  if (!/^(?:bearer|token|bot|basic|apikey|key)$/i.test(before)) return []
  const message = `no space between "${before}" and the secret; in quotes: "${before} "`
  return [{ path: ['auth', 'prefix'], at: 'value', message }]
}

/** Nothing says that a value was rejected, so the one from before is not asked for. */
function neverTried(written: { readonly [key: string]: Tree }, auth: Auth): Fault[] {
  const { type, invalidate_on } = auth
  if (invalidate_on.length > 0 || type === 'plugin') return []
  const message = 'it is never tried: "invalidate_on" names no status that means a rejection'
  return pathsOf(written['auth'] ?? '', ['auth'], 'previous').map((path) => ({
    path,
    at: 'key',
    message,
  }))
}

function pathsOf(tree: Tree, path: Path, key: string): Path[] {
  if (!isMapping(tree)) return []
  return Object.entries(tree).flatMap(([each, inner]) =>
    each === key ? [[...path, each]] : pathsOf(inner, [...path, each], key),
  )
}

/** Files of providers are in git, and their text is in the bundle. What was found is not shown. */
function tokensIn(tree: Tree, path: Path): Fault[] {
  const text = textOf(tree)
  if (text !== null) {
    const message = 'this looks like a real token; put it into a secret, and name that with "env"'
    return looksLikeToken(text) ? [{ path, at: 'value', message }] : []
  }
  if (isMapping(tree)) {
    return Object.entries(tree).flatMap(([key, each]) => tokensIn(each, [...path, key]))
  }
  return itemsOf(tree).flatMap((each, index) => tokensIn(each, [...path, index]))
}

/** What is said of operations does not open their path. */
function unreachable({ forwarding, graphql, mcp }: ProviderFile): Fault[] {
  if (forwarding.mode !== 'allowlist') return []
  const allow = arrange(forwarding.allow.map(({ pattern }) => pattern))
  return Object.entries({ graphql, mcp }).flatMap(([key, rules]): Fault[] => {
    const isOpen = (index: number) => speaksFor(forwarding.allow[index]?.methods ?? [], 'POST')
    if (!rules || /[*{]/.test(rules.path) || allow.first(rules.path, isOpen) >= 0) return []
    const message = `no rule of "forwarding.allow" lets a POST to ${rules.path} through`
    return [{ path: [key], at: 'key', message }]
  })
}

/** In a list of what is allowed, a rule that does not say so is not sensitive, whatever its method. */
function silentWrites(
  written: { readonly [key: string]: Tree },
  { forwarding: { mode, allow }, graphql, mcp }: ProviderFile,
): Fault[] {
  const section = written['forwarding']
  if (mode !== 'allowlist' || !isMapping(section)) return []
  const silent = itemsOf(section['allow']).flatMap((rule, index) => {
    const writes = allow[index]?.methods.some((method) => !isSafe(method)) ?? false
    // There the operation tells, not the method.
    const told = [graphql?.path, mcp?.path].includes(allow[index]?.pattern)
    const decided = ['sensitive', 'approval', 'deny'].some((key) => says(rule, key))
    return writes && !told && !decided ? [`[${index}]`] : []
  })
  if (silent.length === 0) return []
  const message = `any caller may write by ${silent.join(', ')}: say whether they are "sensitive", true or false`
  return [{ path: ['forwarding', 'allow'], at: 'key', message }]
}

function says(rule: Tree, key: string): boolean {
  return isMapping(rule) && key in rule && !isNull(rule[key])
}

/** Plain HTTP to somewhere that is not this machine or network. */
function inClear({ base_url }: ProviderFile, auth: Auth): Fault[] {
  const places: readonly (readonly [Path, string])[] = [
    ...(auth.type === 'none' ? [] : ([[['base_url'], base_url]] as const)),
    ...endpointsOf(auth).map(({ key, url }) => [['auth', key], url] as const),
  ]
  return places.flatMap(([path, url]): Fault[] => {
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'http:' || isNear(hostname)) return []
    const message = 'http: sends the credential in clear text; is there an https: address?'
    return [{ path, at: 'value', message }]
  })
}

/** A loopback or private address, or a name that no public DNS knows. */
function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '')
  if (ipaddr.isValid(host)) return ipaddr.process(host).range() !== 'unicast'
  return !host.includes('.') || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(host)
}
