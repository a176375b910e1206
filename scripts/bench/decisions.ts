import type { Call } from '../../src/call.ts'
import { lookUp } from '../../src/call.ts'
import type { Catalog, Host } from '../../src/catalog.ts'
import type { Caller } from '../../src/identity.ts'
import { decide } from '../../src/policy/decide.ts'
import { pathOfRule, providerName } from './fixture.ts'
import { median } from './statistics.ts'

/** How long one decision takes in this process, in nanoseconds, the provider's look-up included. */
export interface DecisionTimes {
  /** One provider; paths of rules whose folder no other rule has. */
  readonly ownFolderNs: number
  /** One provider; paths of rules that share a folder, `/repos/{owner}/{repo}`: half of all rules. */
  readonly sharedFolderNs: number
  /** All providers in turn, as `ownFolderNs`: what memory costs that no cache holds. */
  readonly inTurnNs: number
  /** Mean of a provider's first decision, for which its rules are arranged. */
  readonly firstNs: number
}

interface Size {
  readonly providers: number
  readonly rules: number
}

const CALLS = 4096
const PASSES = 25

/** Decides calls of a compiled catalog's rules, in no order. */
export function decisionTimes(catalog: Catalog, size: Size): DecisionTimes {
  const caller = callerOf(catalog.hosts)
  const one = Array.from({ length: size.providers }, (_, number) => callTo(number, 0))
  const firstNs = passNs(catalog, caller, one)
  const single = { ...size, providers: 1 }
  return {
    ownFolderNs: settledNs(catalog, caller, callsTo(single, 0)),
    sharedFolderNs: settledNs(catalog, caller, callsTo(single, 1)),
    inTurnNs: settledNs(catalog, caller, callsTo(size, 0)),
    firstNs,
  }
}

/** The median of many passes; the first ones, which the compiler still works on, are left out. */
function settledNs(catalog: Catalog, caller: Caller, calls: readonly Call[]): number {
  const times = Array.from({ length: PASSES }, () => passNs(catalog, caller, calls))
  return median(times.slice(5))
}

function passNs(catalog: Catalog, caller: Caller, calls: readonly Call[]): number {
  let allowed = 0
  const start = process.hrtime.bigint()
  for (const call of calls) {
    const provider = lookUp(catalog, call.named)
    if (provider && decide(caller, provider, call, null).allow) allowed += 1
  }
  const elapsed = Number(process.hrtime.bigint() - start)
  if (allowed !== calls.length) throw new Error('a call of the decision benchmark was refused')
  return elapsed / calls.length
}

/** A fixed shuffle: the multiplier has no factor in common with the sizes. */
function callsTo({ providers, rules }: Size, parity: 0 | 1): readonly Call[] {
  return Array.from({ length: CALLS }, (_, n) => {
    const mixed = n * 7919
    const rule = (Math.floor(mixed / providers) % Math.floor(rules / 2)) * 2 + parity
    return callTo(mixed % providers, rule)
  })
}

function callTo(provider: number, rule: number): Call {
  return {
    method: 'GET',
    path: pathOfRule(rule),
    query: '',
    named: { by: 'header', name: providerName(provider) },
    request: REQUEST,
  }
}

const REQUEST = new Request('http://bench.test/')

function callerOf([host]: readonly Host[]): Caller {
  if (!host) throw new Error('a fixture without a host')
  return {
    host,
    grant: null,
    tenant: 'default',
    project: null,
    agent: null,
    id: `host ${host.id}`,
    address: '127.0.0.0/24',
    shown: [],
    keys: [],
    carriers: { headers: [], params: [] },
    grantRequired: false,
    pauses: [],
  }
}
