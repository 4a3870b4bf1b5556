import * as z from 'zod'

/** What of an address does not tell two pages apart. Each rule can be left out. */
export const urlRulesSchema = z.strictObject({
  /** `http` and `https` are one. */
  ignoreScheme: z.boolean().default(true),
  /** `www.example.org` is `example.org`. */
  ignoreWww: z.boolean().default(true),
  /** What follows `#`. Fragments that begin with `!` or `/` name pages and stay. */
  ignoreFragment: z.boolean().default(true),
  /** Parameters that say where a reader came from, such as `utm_source` and `gclid`. */
  ignoreTracking: z.boolean().default(true),
  /** The whole query. */
  ignoreQuery: z.boolean().default(false),
  /** The order of parameters. */
  sortQuery: z.boolean().default(true),
  /** `/a/` is `/a`. */
  ignoreTrailingSlash: z.boolean().default(true),
})

export type UrlRules = z.output<typeof urlRulesSchema>

/** Names of parameters that advertisers, mailers and analytics add; none of them chooses what a page shows. */
const tracking =
  /^(utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi|mkt_tok|oly_anon_id|oly_enc_id|vero_id|spm|scm)$/i

/**
 * An address in the form in which equal pages are equal: host in lower case and as Punycode, default port and dot
 * segments gone, percent codes in upper case (WHATWG URL standard and RFC 3986, section 6.2), then the rules. What is
 * no address stays as it is, without white space around it.
 */
export function normalizeUrl(address: string, rules: UrlRules): string {
  const trimmed = address.trim()
  let url: URL
  try {
    // Addresses are often kept without a scheme.
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`)
  } catch {
    return trimmed
  }
  const web = url.protocol === 'http:' || url.protocol === 'https:'
  const scheme = rules.ignoreScheme && web ? '' : `${url.protocol}//`
  const host = rules.ignoreWww ? url.host.replace(/^www\.(?=[^.]+\.)/, '') : url.host
  const path = url.pathname.replace(/%[0-9a-f]{2}/gi, (code) => code.toUpperCase())
  const end = rules.ignoreTrailingSlash ? path.replace(/\/+$/, '') : path
  const fragment = rules.ignoreFragment && !/^#[!/]/.test(url.hash) ? '' : url.hash
  return `${scheme}${host}${end}${rules.ignoreQuery ? '' : normalizeQuery(url.search, rules)}${fragment}`
}

function normalizeQuery(search: string, rules: UrlRules): string {
  let parameters = search.slice(1).split('&').filter(Boolean)
  if (rules.ignoreTracking)
    parameters = parameters.filter((parameter) => !tracking.test(parameter.split('=', 1)[0]))
  // The order of values of one name has a meaning, so only names are compared; sorting is stable.
  if (rules.sortQuery) {
    const name = (parameter: string) => parameter.split('=', 1)[0]
    parameters.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0))
  }
  return parameters.length > 0 ? `?${parameters.join('&')}` : ''
}
