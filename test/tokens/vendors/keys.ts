import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import type { Pem } from './pems.ts'

export interface VendorKeys {
  /** The key file of the service account. */
  readonly google: string
  /** As GitHub has it: PKCS#1. */
  readonly github: string
}

/** The vendors as tests in workerd see them. */
export interface VendorsBinding {
  readonly url: string
  readonly keys: VendorKeys
  readonly pems: readonly Pem[]
  /** Keys with a passphrase. */
  readonly locked: readonly string[]
}

export interface Registered {
  /** What an operator gets. */
  readonly keys: VendorKeys
  /** What the vendors keep. */
  readonly google: { readonly email: string; readonly kid: string; readonly publicKey: KeyObject }
  readonly github: KeyObject
}

/** New keys with every run: none is in git. */
export function register(): Registered {
  const google = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const github = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = 'agent@project-1.iam.gserviceaccount.com'
  const kid = 'b1f0c3a9d2'
  const pem = google.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const github1 = github.privateKey.export({ type: 'pkcs1', format: 'pem' })
  return {
    keys: { google: keyFile(email, kid, pem), github: github1 },
    google: { email, kid, publicKey: google.publicKey },
    github: github.publicKey,
  }
}

/** https://cloud.google.com/iam/docs/keys-create-delete#creating, and an address that nobody may ask. */
function keyFile(email: string, kid: string, private_key: string): string {
  const file = {
    type: 'service_account',
    project_id: 'project-1',
    private_key_id: kid,
    private_key,
    client_email: email,
    client_id: '104022833745510349223',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'http://127.0.0.1:9/elsewhere',
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    universe_domain: 'googleapis.com',
  }
  return JSON.stringify(file, null, 2)
}
