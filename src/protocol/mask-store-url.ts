/** Masks every part of a store URL that may be a password, for messages and logs. */

const mask = '***';

/** Parameters whose values are shown. */
const plainParameters = new Set(['db', 'family', 'name', 'role', 'tls']);

/**
 * Parameters whose names are shown and whose values are masked. Any other name may be a part of a password and is
 * masked too.
 */
const secretParameters = new Set(['password', 'sentinelPassword', 'username', 'sentinelUsername']);

const userPattern = /^[\w.+-]*$/;
const host = String.raw`(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?`;
const placePattern = new RegExp(`^(?:${host}(?:,${host})*)?(?:/[\\w.-]*)*$`, 'i');

/** `user:***@`; the user is shown only if it is a plain word. */
function maskUser(userinfo: string): string {
  const colon = userinfo.indexOf(':');
  const user = userinfo.slice(0, Math.max(colon, 0));
  return colon !== -1 && userPattern.test(user) ? `${user}:${mask}@` : `${mask}@`;
}

function maskParameter(parameter: string): string {
  const name = parameter.split('=', 1)[0] ?? '';
  if (plainParameters.has(name)) return parameter;
  return secretParameters.has(name) ? `${name}=${mask}` : mask;
}

/**
 * The URL with its secrets masked; unchanged if it has none. In text that is not a URL, it masks every part that it
 * cannot identify.
 */
export function maskStoreUrl(text: string): string {
  if (/^(?:file:|memory:?$)/.test(text)) return text;
  const [, scheme = '', rest = ''] = /^([a-z][a-z\d+.-]*:(?:\/\/)?)?(.*)$/is.exec(text) ?? [];
  // A password may hold any of these unencoded: the last @ is the one before the host.
  const at = rest.lastIndexOf('@');
  const userinfo = rest.slice(0, Math.max(at, 0));
  if (/[?#]/.test(userinfo)) return `${scheme}${mask}`;
  const [, place = '', query, fragment] =
    /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest.slice(at + 1)) ?? [];
  const known = scheme + (at === -1 ? '' : maskUser(userinfo));
  if (!placePattern.test(place)) return known + mask;
  const parameters = query === undefined ? '' : `?${query.split('&').map(maskParameter).join('&')}`;
  return known + place + parameters + (fragment === undefined ? '' : `#${mask}`);
}

/** Every spelling in which the password of this URL may occur in a message, longest first. */
function listSecrets(url: string): string[] {
  const userinfo = /^[a-z][a-z\d+.-]*:(?:\/\/)?(.*)@/is.exec(url)?.[1] ?? '';
  const values = /\?(.*)$/s
    .exec(url)?.[1]
    ?.split('&')
    .flatMap((part) => {
      const [name = '', ...value] = part.split('=');
      return plainParameters.has(name) ? [] : [value.join('=')];
    });
  const found = [userinfo, userinfo.slice(userinfo.indexOf(':') + 1), ...(values ?? [])];
  const decoded = found.map((text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  });
  return [...found, ...decoded].filter((text) => text.length > 2).toSorted((a, b) => b.length - a.length);
}

/** The message without the store's password. The message may come from any source. */
export function hideStoreSecrets(message: string, url: string): string {
  const masked = maskStoreUrl(url);
  if (masked === url) return message;
  return listSecrets(url).reduce(
    (text, secret) => text.replaceAll(secret, mask),
    message.replaceAll(url, masked),
  );
}
