/** The address of a relay as people write it. */
import { ConfigError } from './config-error.ts';
import { quote } from '../text/quote.ts';

export const defaultUrl = 'https://remotify.run';

/** The address without slash at its end. Throws a ConfigError; credentials in it are never repeated in a message. */
export function parseRelayUrl(text: string): string {
  const hint = 'write it as https://relay.example or http://127.0.0.1:8080';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ConfigError(`not a URL: ${quote(text.replace(/^.*@/s, '…@'))}`, hint);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConfigError(`URL must start with http:// or https://: ${quote(`${url.protocol}//…`)}`, hint);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      'a relay URL has no user or password in it',
      'set REMOTIFY_TOKEN where a relay asks for a token',
    );
  }
  if (url.search !== '' || url.hash !== '')
    throw new ConfigError(`a relay URL ends with its path: ${quote(url.origin)}`, hint);
  return (url.origin + url.pathname).replace(/\/+$/, '');
}
