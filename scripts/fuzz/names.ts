import { OPERATORS, SECRETS } from '../../test/fixtures/secrets.ts'
import { SPELLINGS } from './spell.ts'

/** As many characters of a secret as are an echo of it. */
const RUN = 12

/** In UTF-8, a character a byte. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/**
 * What stands for `{{name}}` in a case:
 *
 *     id                  of the call: `f0002a`
 *     length              of the body behind the head in which it stands (case.ts)
 *     key admin viewer    the agents' pre-shared key, the operators' tokens
 *     grant:NAME gid:NAME token and id of a grant that the run made
 *     some:grant some:approval   an id that some answer of the control plane had
 *     lane:KIND           a provider that mints, which nobody else uses at the time
 *     secret:NAME         what the provider sends; only the upstream may know it
 *     run:N:NAME          twelve characters of another name's value, from the Nth
 *     FORM:NAME           another name's value in a form of spell.ts
 */
export class Names {
  readonly #known = new Map<string, string>([
    ['key', SECRETS.AGENT_KEY],
    ['admin', OPERATORS.OUTPOST_ADMIN_TOKEN],
    ['viewer', OPERATORS.OUTPOST_VIEWER_TOKEN],
    ...Object.entries(SECRETS).map(([name, value]) => [`secret:${name}`, bytesOf(value)] as const),
  ])

  set(name: string, value: string): void {
    this.#known.set(name, value)
  }

  /** Fills in a text of one call. */
  filler(own: Readonly<Record<string, string>>): (text: string) => string {
    return (text) =>
      text.includes('{{')
        ? text.replaceAll(
            /\{\{([\w:]+)\}\}/g,
            (whole, name: string) => this.#of(name, own) ?? whole,
          )
        : text
  }

  #of(name: string, own: Readonly<Record<string, string>>): string | null {
    const [form = '', ...rest] = name.split(':')
    const inner = rest.join(':')
    if (form === 'run') {
      const [at = '', ...of] = rest
      return (this.#of(of.join(':'), own) ?? '').slice(Number(at), Number(at) + RUN)
    }
    const spell = Object.hasOwn(SPELLINGS, form) ? SPELLINGS[form] : undefined
    if (spell) return spell(this.#of(inner, own) ?? '')
    return own[name] ?? this.#known.get(name) ?? null
  }
}
