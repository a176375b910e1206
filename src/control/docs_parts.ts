/** The style of the page. Any change of it changes the policy that the page comes with. */
export const STYLE =
  'body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'code,pre{font-family:ui-monospace,monospace;background:#8881;border-radius:4px}' +
  'code{padding:0 .25em}pre{padding:1rem;overflow:auto;max-height:30rem}' +
  'td{text-align:left;vertical-align:top;padding:.2em 1em .2em 0}' +
  'details{padding:.2em 0}details table{margin:.5em 1.5em;font-size:.9em}' +
  'input{font:inherit;width:24rem;max-width:100%}small{font-weight:normal;font-size:.5em}'

/**
 * Asks one endpoint of this very origin. The token stands in the form and nowhere else; the answer
 * is put there as text.
 */
export const SCRIPT = `
const at = (id) => document.getElementById(id)
at('try').addEventListener('submit', async (event) => {
  event.preventDefault()
  const show = (text) => Object.assign(at('answer'), { hidden: false, textContent: text })
  const path = at('path').value
  if (!/^\\/(?!\\/)/.test(path)) return show('a path begins with one slash')
  const token = at('token').value.trim()
  const headers = token ? { authorization: 'Bearer ' + token } : {}
  try {
    const response = await fetch(location.origin + path, { headers, redirect: 'error' })
    const text = await response.text()
    const json = /json$/.test(response.headers.get('content-type') || '')
    show(response.status + '\\n\\n' + (json ? JSON.stringify(JSON.parse(text), null, 2) : text))
  } catch (error) {
    show(String(error))
  }
})
`
