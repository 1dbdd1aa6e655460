/** Parses the URL of a relay that a user typed. */
import { ConfigError } from './config-error.ts';
import { quote } from '../text/quote.ts';

export const defaultUrl = 'https://remotify.run';

/** Returns the URL without a slash at its end. Throws a ConfigError, whose message never repeats credentials. */
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
      'a relay URL cannot contain a user or password',
      'if the relay requires a token, set REMOTIFY_TOKEN',
    );
  }
  if (url.search !== '' || url.hash !== '')
    throw new ConfigError(`a relay URL cannot have a query or fragment: ${quote(url.origin)}`, hint);
  return (url.origin + url.pathname).replace(/\/+$/, '');
}
