import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  readonly cert: string
  /** An identity that this authority vouches for, for a day. `host`: of a server. */
  readonly issue: (name: string, host?: string) => Identity
}

/** An authority of a test's own, made by openssl. Nothing of it stays on disk. */
export function authority(name: string): Authority {
  const root = inFolder((openssl, read) => {
    openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      'key.pem',
      '-subj',
      `/CN=${name}`,
      '-out',
      'cert.pem',
    )
    return { cert: read('cert.pem'), key: read('key.pem') }
  })
  return {
    cert: root.cert,
    issue: (subject, host) =>
      inFolder((openssl, read, write) => {
        write('ca.pem', root.cert)
        write('ca.key', root.key)
        write(
          'ext',
          host === undefined ? 'extendedKeyUsage=clientAuth' : `subjectAltName=DNS:${host}`,
        )
        openssl(
          'req',
          ...NEW_KEY,
          '-keyout',
          'key.pem',
          '-subj',
          `/CN=${subject}`,
          '-out',
          'csr.pem',
        )
        const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
        openssl(
          'x509',
          '-req',
          '-in',
          'csr.pem',
          ...by,
          '-days',
          '1',
          '-extfile',
          'ext',
          '-out',
          'cert.pem',
        )
        return { cert: read('cert.pem'), key: read('key.pem') }
      }),
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

function inFolder<T>(
  work: (
    openssl: (...args: readonly string[]) => void,
    read: (file: string) => string,
    write: (file: string, text: string) => void,
  ) => T,
): T {
  const cwd = mkdtempSync(join(tmpdir(), 'outpost-ca-'))
  try {
    return work(
      (...args) => void execFileSync('openssl', args, { cwd, stdio: 'pipe' }),
      (file) => readFileSync(join(cwd, file), 'utf8'),
      (file, text) => writeFileSync(join(cwd, file), text),
    )
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}
