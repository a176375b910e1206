/**
 * Puts counters between a Worker and what it is billed for. Bundled into a copy of the Worker that
 * is never timed, by `countedFixture`. The Worker and its objects share one isolate on workerd, and
 * so these counters.
 */
const counts = { hops: 0, writes: 0, fetches: 0 }

/** Calls of `storage` and of `storage.kv` that change what is stored. */
const WRITES = new Set(['put', 'delete', 'deleteAll', 'setAlarm', 'deleteAlarm'])

/** Where the counters are read. */
const PATH = '/bench-counts'

/**
 * The same Worker; a GET of `/bench-counts` answers with the counters as JSON.
 * @param {ExportedHandler<Record<string, unknown>>} worker
 */
export function countedWorker(worker) {
  const { fetch: send } = globalThis
  globalThis.fetch = (...args) => {
    counts.fetches += 1
    return send(...args)
  }
  const known = new WeakMap()
  return {
    fetch(request, env, context) {
      if (new URL(request.url).pathname === PATH) return Response.json(counts)
      const bindings = known.get(env) ?? countedBindings(env)
      known.set(env, bindings)
      return worker.fetch(request, bindings, context)
    },
  }
}

/**
 * The same class of Durable Object, with what it writes and whom it calls counted.
 * @param {new (context: DurableObjectState, env: object) => object} Class
 */
export function countedObject(Class) {
  return class extends Class {
    constructor(context, env) {
      super(context, env)
      this.ctx = replacing(context, { storage: () => countedStorage(context.storage) })
      this.env = countedBindings(env)
    }
  }
}

function countedBindings(env) {
  const isNamespace = (value) => typeof value?.getByName === 'function'
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      isNamespace(value) ? countedNamespace(value) : value,
    ]),
  )
}

function countedNamespace(namespace) {
  const stub = (method) => () => {
    return (...args) => countedStub(namespace[method](...args))
  }
  return replacing(namespace, { get: stub('get'), getByName: stub('getByName') })
}

/** Every call of a stub is a request to the object. */
function countedStub(stub) {
  return new Proxy(stub, {
    get: (_, name) => {
      return (...args) => {
        counts.hops += 1
        return stub[name](...args)
      }
    },
  })
}

function countedStorage(storage) {
  const write = (name) => [name, () => writing(storage, name)]
  return replacing(storage, {
    ...Object.fromEntries([...WRITES].map(write)),
    kv: () => countedKv(storage.kv),
    sql: () => countedSql(storage.sql),
  })
}

function countedKv(kv) {
  return replacing(kv, { put: () => writing(kv, 'put'), delete: () => writing(kv, 'delete') })
}

/** A statement counts as the rows that it wrote. */
function countedSql(sql) {
  return replacing(sql, {
    exec: () => {
      return (...args) => {
        const cursor = sql.exec(...args)
        counts.writes += cursor.rowsWritten
        return cursor
      }
    },
  })
}

function writing(target, name) {
  return (...args) => {
    counts.writes += 1
    return target[name](...args)
  }
}

/** A native object in which some properties are others; its methods still run on itself. */
function replacing(target, others) {
  return new Proxy(target, {
    get: (_, name) => {
      if (Object.hasOwn(others, name)) return others[name]()
      const value = target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
