import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Embedded } from './capnp.ts'
import type { Literal } from './capnp.ts'

/** A client certificate, in files beside the configuration. */
export interface CertificatePlan {
  /** The binding. */
  readonly name: string
  /** Its chain, the leaf first. */
  readonly chain: string
  readonly key: string
  /** Authorities that are trusted beside the usual ones. */
  readonly authorities: readonly string[]
}

/** The secrets of which the certificate of a binding is made, all in PEM. */
export function partNames(name: string) {
  return { chain: `${name}_CERT`, key: `${name}_KEY`, authority: `${name}_CA` }
}

const FOLDER = 'certificates'
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Writes the certificates of these bindings below a folder, for workerd to read at its start: its
 * configuration holds no secret. One whose secrets are not set is left out, and so is one that is not
 * right: `tell` hears which, and nothing of what was found.
 */
export function layOutCertificates(
  folder: string,
  names: readonly string[],
  env: Readonly<Record<string, string>>,
  tell: (line: string) => void,
): readonly CertificatePlan[] {
  removeCertificates(folder)
  const plans = names.flatMap((name) => {
    const parts = partNames(name)
    const [chain = '', key = '', authority = ''] = Object.values(parts).map((each) =>
      pem(env[each]),
    )
    if (chain === '' && key === '') return []
    const problem = problemOf(chain, key, authority)
    if (problem !== null) tell(`${name}: ${problem}; it has no client certificate`)
    return problem === null ? [{ name, chain, key, authority }] : []
  })
  if (plans.length > 0) mkdirSync(join(folder, FOLDER), { mode: 0o700 })
  return plans.map(({ name, chain, key, authority }) => {
    const write = (part: string, text: string): string => {
      const file = `${FOLDER}/${name}.${part}.pem`
      writeFileSync(join(folder, file), text, { mode: 0o600 })
      return file
    }
    const authorities = authority.match(CERTIFICATE) ?? []
    return {
      name,
      chain: write('chain', chain),
      key: write('key', key),
      authorities: authorities.map((each, index) => write(`authority-${index}`, each)),
    }
  })
}

/** Takes them away again: workerd has read them, or will never. */
export function removeCertificates(folder: string): void {
  rmSync(join(folder, FOLDER), { recursive: true, force: true })
}

/** In one line, as an env file may have it, `\n` stands for the end of each. */
function pem(text = ''): string {
  return `${text.replaceAll(String.raw`\n`, '\n').trim()}\n`.replace(/^\n$/, '')
}

function problemOf(chain: string, key: string, authority: string): string | null {
  if (chain === '' || key === '') return 'one of certificate and key is not set'
  try {
    const leaf = new X509Certificate(chain)
    const fits = leaf.checkPrivateKey(createPrivateKey(key))
    if (!fits) return 'the key is not that of the certificate'
  } catch {
    return 'the certificate or the key cannot be read as PEM'
  }
  const isNone = authority !== '' && !authority.match(CERTIFICATE)
  return isNone ? 'the authority is no certificate in PEM' : null
}

/** The service of a certificate: what `outbound` may call, over TLS with it. */
export function certificateService(
  { name, chain, key, authorities }: CertificatePlan,
  allow: readonly string[],
): Literal {
  const tlsOptions = {
    keypair: { privateKey: new Embedded(key), certificateChain: new Embedded(chain) },
    trustBrowserCas: true,
    trustedCertificates: authorities.map((file) => new Embedded(file)),
  }
  return { name: serviceOf(name), network: { allow, tlsOptions } }
}

export function serviceOf(binding: string): string {
  return `mtls-${binding}`
}
