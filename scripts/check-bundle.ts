import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { gzipSync } from 'node:zlib'

const MAX_GZIP_KIB = 128
const LISTED_INPUTS = 8

/** What runs at build time only. */
const BUILD_ONLY = /(?:^|\/)node_modules\/(?:yaml|zod|@valibot)\/|^(?:\.\.?\/)*(?:scripts|test)\//

/** What is in those packages whatever bundler moved them: error classes, a YAML tag, a message. */
const TELLTALES = [
  'YAMLParseError',
  'ZodError',
  'tag:yaml.org,2002',
  'cannot be converted to JSON Schema',
]

/** The parts of esbuild's metafile that say what went in: https://esbuild.github.io/api/#metafile */
export interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>
      }
    >
  >
}

export interface BundleReport {
  /** One line each; the bundle is good when there is none. */
  readonly faults: readonly string[]
  /** Sizes, and the inputs that take most of it. */
  readonly summary: string
}

/**
 * Whether a bundle may be deployed: nothing in it that belongs to the build, no package but those
 * that were reviewed (where they are given), and not too large.
 */
export function checkBundle(
  metafile: Metafile,
  code: string,
  reviewed?: readonly string[],
): BundleReport {
  const rawKib = Buffer.byteLength(code) / 1024
  const gzipKib = gzipSync(code).length / 1024
  const strangers = Object.keys(metafile.inputs).filter((path) => BUILD_ONLY.test(path))
  return {
    faults: [
      ...strangers.map((path) => `${path} is in the bundle; it may run at build time only`),
      ...(reviewed ? unreviewed(metafile, reviewed) : []),
      ...TELLTALES.filter((name) => code.includes(name)).map(
        (name) => `the bundle contains ${JSON.stringify(name)}, from a package for the build`,
      ),
      ...(gzipKib > MAX_GZIP_KIB
        ? [`${kib(gzipKib)} gzip is more than the ${MAX_GZIP_KIB} KiB it may have`]
        : []),
    ],
    summary: [`${kib(rawKib)} raw, ${kib(gzipKib)} gzip`, ...largest(metafile)].join('\n'),
  }
}

function unreviewed({ inputs }: Metafile, reviewed: readonly string[]): readonly string[] {
  const names = Object.keys(inputs).flatMap(
    (path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  )
  return [...new Set(names)]
    .filter((name) => !reviewed.includes(name))
    .map((name) => `${name} is in the bundle, and no dependency: see docs/dependencies.md`)
}

function largest({ outputs }: Metafile): readonly string[] {
  const entry = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)
  return Object.entries(entry?.inputs ?? {})
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, LISTED_INPUTS)
    .map(([path, { bytesInOutput }]) => `${kib(bytesInOutput / 1024).padStart(12)}  ${path}`)
}

function kib(size: number): string {
  return `${size.toFixed(1)} KiB`
}

/** Checks what `wrangler deploy --dry-run --outdir dist --metafile` left there. */
function main(): void {
  const dist = join(import.meta.dirname, '../dist')
  const metafile = JSON.parse(readFileSync(join(dist, 'bundle-meta.json'), 'utf8')) as Metafile
  const code = readFileSync(join(dist, 'worker.js'), 'utf8')
  const { dependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
  ) as { readonly dependencies: Readonly<Record<string, string>> }
  const { faults, summary } = checkBundle(metafile, code, Object.keys(dependencies))
  process.stdout.write(`${summary}\n`)
  for (const fault of faults) process.stderr.write(`check-bundle: ${fault}\n`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

if (argv[1] === import.meta.filename) main()
