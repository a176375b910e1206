/** Where S3 has a request: `/bucket/key`, the key as it is written in a path. */

/** Buckets in host names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
const VIRTUAL_HOST = /^(.+)\.s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?$/

/** What stands in front of every path that is asked of a base URL: its bucket, if its host names one, and its path. */
export function prefixOf(base_url: string): string {
  const { hostname, pathname } = new URL(base_url)
  const bucket = VIRTUAL_HOST.exec(hostname)?.[1]
  return `${bucket === undefined ? '' : `/${bucket}`}${pathname.replace(/\/+$/, '')}`
}

export interface Place {
  readonly bucket: string
  readonly key: string
}

export function placeOf(base_url: string, path: string): Place {
  const whole = (prefixOf(base_url) + path).slice(1)
  const slash = whole.indexOf('/')
  return slash < 0
    ? { bucket: whole, key: '' }
    : { bucket: whole.slice(0, slash), key: whole.slice(slash + 1) }
}
