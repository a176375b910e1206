/**
 * What a KV binding of plain workerd talks to: one file for each key, in a folder that a `disk`
 * service shows. A write of the operator's (`npm run token`) is there for the next call.
 *
 * A binding sends GET, PUT or DELETE with the key, percent-encoded, as the path:
 * https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp (kvNamespace).
 * Lifetimes, metadata and lists are not kept, so they are refused.
 */
// oxlint-disable-next-line import/no-default-export -- what the runtime looks for
export default {
  /**
   * @param {Request} request
   * @param {{ FILES: Fetcher }} env
   */
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const key = decodeURIComponent(pathname.slice(1))
    if (key === '') return new Response('there are no lists here', { status: 501 })
    const url = `http://files/${await fileOf(key)}`
    switch (request.method) {
      case 'GET': {
        const found = await env.FILES.fetch(url)
        return found.ok ? new Response(found.body) : new Response(null, { status: found.status })
      }
      case 'PUT': {
        if (searchParams.has('expiration') || searchParams.has('expiration_ttl')) {
          return new Response('there are no lifetimes here', { status: 501 })
        }
        return env.FILES.fetch(url, { method: 'PUT', body: await request.arrayBuffer() })
      }
      case 'DELETE': {
        const gone = await env.FILES.fetch(url, { method: 'DELETE' })
        return new Response(null, { status: gone.ok || gone.status === 404 ? 204 : gone.status })
      }
      default:
        return new Response(null, { status: 405 })
    }
  },
}

/**
 * The file of a key: SHA-256 in hex. A key may be longer than a file name, and may differ from
 * another one in case alone.
 * @param {string} key
 */
export async function fileOf(key) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
