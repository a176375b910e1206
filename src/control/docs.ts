import { REFUSALS } from '../refusal.ts'
import { OPENAPI } from './openapi.ts'

const STYLE =
  'body{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}' +
  'code,pre{font-family:ui-monospace,monospace;background:#8881;border-radius:4px}' +
  'code{padding:0 .25em}pre{padding:1rem;overflow:auto}td,th{text-align:left;padding:.2em 1em .2em 0}'

const ENDPOINTS = Object.entries(OPENAPI.paths)
  .map(([path, { get }]) => `<tr><td><code>GET ${path}</code></td><td>${get.summary}</td></tr>`)
  .join('')

const CODES = Object.entries(REFUSALS)
  .map(([code, status]) => `<tr><td>${status}</td><td><code>${code}</code></td></tr>`)
  .join('')

/** A page without scripts. It says nothing of this installation: it is the same everywhere. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Outpost</title><style>${STYLE}</style>
<h1>Outpost</h1>
<p>Call this address in place of an API's own, and name the API. The credential is added here.</p>
<pre>curl -H "X-Outpost-Auth: YOUR KEY" -H "X-Provider: github" THIS-ADDRESS/user</pre>
<p>An SDK that cannot send the headers may use <code>THIS-ADDRESS/p/github</code> as its base URL
and your key as its API key. <code>GET /providers</code> lists what you may call.</p>
<h2>Endpoints of the proxy itself</h2><table>${ENDPOINTS}</table>
<h2>Refusals</h2>
<p>A refusal is JSON: <code>{"status":"FAILURE","error":{"code","message","metadata"}}</code>, with
the code in <code>X-Proxy-Error</code> too.</p><table>${CODES}</table>
</html>
`
