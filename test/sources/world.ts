/** Addresses of backends on loopback, by what they are. */
export interface Backends {
  readonly connect: string
  readonly infisical: string
  readonly doppler: string
  readonly vault: string
  readonly aws: string
  /** A Vault whose secrets come and go. */
  readonly changing: string
}

/**
 * What the backends of the tests hold, and who may read it. Every value and token is a sentinel: no
 * error may contain one.
 */
export const VALUE = 'sentinel-source-value-3f1c'
export const OTHER = 'sentinel-source-other-92aa'

export const CONNECT = {
  token: 'sentinel-connect-token-77b1',
  vault: 'ionaiwtdvgclrixbt6ztpqcxnq',
  closed: 'aonaiwtdvgclrixbt6ztpqcxnz',
  item: 'p7eflcy7f5mk7vg6zrzf5rjjyu',
} as const

export const INFISICAL = {
  project: '64f1c1a0-7c1e-4d6a-9a55-0c9d8b0e2a11',
  clientId: 'c5d1b9c4-5a31-4c5f-8f0a-2f4b6f3a9d10',
  clientSecret: 'sentinel-infisical-client-secret-58e0',
  token: 'sentinel-infisical-token-04c7',
  /** Of the environment `prod` and the folder `/` alone. */
  serviceToken: 'st.64f1.sentinel-infisical-service-1b2f',
} as const

export const DOPPLER = {
  token: 'dp.st.prd.sentinel-doppler-6a90',
} as const

export const VAULT = {
  token: 'hvs.sentinel-vault-token-e5d3',
  jwt: 'eyJhbGciOiJFZERTQSJ9.sentinel-vault-jwt.c2ln',
  role: 'outpost',
  namespace: 'team/prod',
} as const

export const AWS = {
  id: 'AKIDSENTINEL0EXAMPLE',
  secret: 'sentinel+aws/secret/access/key-0b7e',
  session: 'sentinel//aws+session==',
  account: '123456789012',
} as const

/** Whatever must not be in an error. */
export const SENTINELS = [
  VALUE,
  OTHER,
  CONNECT.token,
  INFISICAL.clientSecret,
  INFISICAL.token,
  INFISICAL.serviceToken,
  DOPPLER.token,
  VAULT.token,
  VAULT.jwt,
  AWS.secret,
  AWS.session,
  'sentinel',
]
