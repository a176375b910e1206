import { REFUSALS } from '../refusal.ts'
import { fieldsOf } from './docs_fields.ts'
import type { OpenApi, Operation } from './docs_fields.ts'
import { SCRIPT, STYLE } from './docs_parts.ts'

/** The page, and the policy that lets it run its own script and style and nothing else. */
export interface DocsPage {
  readonly html: string
  readonly policy: string
}

/**
 * The interface as a page, from its OpenAPI document. It says nothing of this installation: it is
 * the same everywhere.
 */
export async function docsPage(openapi: string): Promise<DocsPage> {
  if (made?.openapi === openapi) return made.page
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own document
  const page = { html: htmlOf(JSON.parse(openapi) as OpenApi), policy: await policyOf() }
  made = { openapi, page }
  return page
}

/** The page of this isolate. */
let made: { readonly openapi: string; readonly page: DocsPage } | undefined

async function policyOf(): Promise<string> {
  const [script, style] = await Promise.all([SCRIPT, STYLE].map(sourceOf))
  return [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

/** A source expression that names one text: https://www.w3.org/TR/CSP3/#grammardef-hash-source */
async function sourceOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `'sha256-${new Uint8Array(digest).toBase64()}'`
}

function htmlOf({ paths, info }: OpenApi): string {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const reads = all.filter(({ method, operation }) => method === 'get' && !isStream(operation))
  const codes = Object.entries(REFUSALS).map(
    ([code, status]) => `<tr><td>${status}<td><code>${code}</code>`,
  )
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Outpost</title><style>${STYLE}</style>
<h1>Outpost <small>${escaped(info.version)}</small></h1>
<p>Call this address in place of an API's own, and name the API. The credential is added here.</p>
<pre>curl -H "X-Outpost-Auth: YOUR KEY" -H "X-Provider: github" THIS-ADDRESS/user</pre>
<p>An SDK that cannot send the headers may use <code>THIS-ADDRESS/p/github</code> as its base URL
and your key as its API key. <code>GET /providers</code> lists what you may call.</p>
<h2>Endpoints of the proxy itself</h2>
<p>As a document: <a href="/openapi.json"><code>/openapi.json</code></a>.</p>
${all.map(({ method, path, operation }) => endpoint(method, path, operation)).join('\n')}
<h2>Try one that reads</h2>
<form id="try"><p><label>Operator's token, kept in this page only
<input id="token" type="password" autocomplete="off"></label>
<p><label>Path and query <input id="path" list="reads" value="/_outpost/status"></label>
<datalist id="reads">${reads.map(({ path }) => `<option>${escaped(path)}`).join('')}</datalist>
<p><button>GET</button></form><pre id="answer" hidden></pre>
<h2>Refusals</h2>
<p>A refusal is JSON: <code>{"status":"FAILURE","error":{"code","message","metadata"}}</code>, with
the code in <code>X-Proxy-Error</code> too. A wrong input is <code>PROXY_BAD_REQUEST</code> with
<code>metadata.fields</code>.</p><table>${codes.join('')}</table>
<script>${SCRIPT}</script></html>
`
}

function endpoint(method: string, path: string, operation: Operation): string {
  const rows = fieldsOf(operation).map(
    ({ name, where, type, about }) =>
      `<tr><td><code>${escaped(name)}</code><td>${where}<td>${escaped(type)}<td>${escaped(about)}`,
  )
  const answers = Object.entries(operation.responses).map(
    ([status, { description }]) => `<tr><td>${status}<td>${escaped(description)}`,
  )
  const line = `<code>${method.toUpperCase()} ${escaped(path)}</code> ${escaped(operation.summary)}`
  return `<details><summary>${line}</summary>
${rows.length > 0 ? `<table>${rows.join('')}</table>` : ''}<table>${answers.join('')}</table></details>`
}

function isStream({ responses }: Operation): boolean {
  return responses['200']?.content?.['text/event-stream'] !== undefined
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => ENTITIES.get(char) ?? '')
}
