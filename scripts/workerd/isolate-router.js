/** Hands a request to the isolate that its `X-Isolate` names by number; without one to the first. */
export default {
  fetch(request, env) {
    return env[request.headers.get('x-isolate') ?? '1'].fetch(request)
  },
}
