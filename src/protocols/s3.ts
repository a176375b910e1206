import type { Place } from '../sigv4/s3_place.ts'

/**
 * What S3 calls what a request asks for, by its method, and by the parameters that choose what of a
 * bucket or an object is meant: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
 */

/** Parts of a bucket that are read by GET, set by PUT and removed by DELETE. */
const OF_BUCKETS: ReadonlyMap<string, string> = new Map([
  ['acl', 'BucketAcl'],
  ['accelerate', 'BucketAccelerateConfiguration'],
  ['analytics', 'BucketAnalyticsConfiguration'],
  ['cors', 'BucketCors'],
  ['encryption', 'BucketEncryption'],
  ['intelligent-tiering', 'BucketIntelligentTieringConfiguration'],
  ['inventory', 'BucketInventoryConfiguration'],
  ['lifecycle', 'BucketLifecycleConfiguration'],
  ['location', 'BucketLocation'],
  ['logging', 'BucketLogging'],
  ['metrics', 'BucketMetricsConfiguration'],
  ['notification', 'BucketNotificationConfiguration'],
  ['object-lock', 'ObjectLockConfiguration'],
  ['ownershipControls', 'BucketOwnershipControls'],
  ['policy', 'BucketPolicy'],
  ['policyStatus', 'BucketPolicyStatus'],
  ['publicAccessBlock', 'PublicAccessBlock'],
  ['replication', 'BucketReplication'],
  ['requestPayment', 'BucketRequestPayment'],
  ['tagging', 'BucketTagging'],
  ['versioning', 'BucketVersioning'],
  ['website', 'BucketWebsite'],
])

const OF_OBJECTS: ReadonlyMap<string, string> = new Map([
  ['acl', 'ObjectAcl'],
  ['attributes', 'ObjectAttributes'],
  ['legal-hold', 'ObjectLegalHold'],
  ['retention', 'ObjectRetention'],
  ['tagging', 'ObjectTagging'],
  ['torrent', 'ObjectTorrent'],
])

/** `METHOD parameter`; the parameter that stands alone is what is asked for when none is there. */
const BUCKET_CALLS: ReadonlyMap<string, string> = new Map([
  ['GET list-type', 'ListObjectsV2'],
  ['GET session', 'CreateSession'],
  ['GET uploads', 'ListMultipartUploads'],
  ['GET versions', 'ListObjectVersions'],
  ['GET', 'ListObjects'],
  ['HEAD', 'HeadBucket'],
  ['PUT', 'CreateBucket'],
  ['DELETE', 'DeleteBucket'],
  ['POST delete', 'DeleteObjects'],
])

const OBJECT_CALLS: ReadonlyMap<string, string> = new Map([
  ['GET uploadId', 'ListParts'],
  ['GET', 'GetObject'],
  ['HEAD', 'HeadObject'],
  ['PUT uploadId', 'UploadPart'],
  ['PUT renameObject', 'RenameObject'],
  ['PUT', 'PutObject'],
  ['DELETE uploadId', 'AbortMultipartUpload'],
  ['DELETE', 'DeleteObject'],
  ['POST uploads', 'CreateMultipartUpload'],
  ['POST uploadId', 'CompleteMultipartUpload'],
  ['POST restore', 'RestoreObject'],
  ['POST select', 'SelectObjectContent'],
])

const VERBS: ReadonlyMap<string, string> = new Map([
  ['GET', 'Get'],
  ['PUT', 'Put'],
  ['DELETE', 'Delete'],
])

/**
 * `PutObject`; null where it cannot be told. `params`: the names in the query, decoded. Two that choose
 * at once are no operation.
 */
export function s3Operation(
  method: string,
  { bucket, key }: Place,
  params: ReadonlySet<string>,
  copies: boolean,
): string | null {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : null
  const [calls, parts] = key === '' ? [BUCKET_CALLS, OF_BUCKETS] : [OBJECT_CALLS, OF_OBJECTS]
  const verb = VERBS.get(method)
  const meant = [...params].flatMap((param) => {
    const part = verb === undefined ? undefined : parts.get(param)
    return calls.get(`${method} ${param}`) ?? (part === undefined ? [] : `${verb}${part}`)
  })
  const [name = calls.get(method), other] = meant
  if (name === undefined || other !== undefined) return null
  if (!copies) return name
  return COPIES.get(name) ?? name
}

const COPIES: ReadonlyMap<string, string> = new Map([
  ['PutObject', 'CopyObject'],
  ['UploadPart', 'UploadPartCopy'],
])
