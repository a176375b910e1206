import type { AwsSigV4Auth } from '../auth/config.ts'
import type { Provider } from '../catalog.ts'

/** What is known of a provider whose requests are signed for AWS. */
export interface AwsProvider {
  readonly auth: AwsSigV4Auth
  readonly base_url: string
}

export function awsProviderOf({ auth, base_url }: Provider): AwsProvider | null {
  return auth.type === 'aws_sigv4' ? { auth, base_url } : null
}
