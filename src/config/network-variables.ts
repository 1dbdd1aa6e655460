/** Which variables change the way to a relay, as curl has them. Small: every command that talks to a relay asks this first. */
import { type Environment, readVariable } from './environment.ts';

/** By the scheme of the relay's URL; the first that is set counts. */
const proxyNames = {
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
} as const;

const authorityNames = ['CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

/** The names of the proxy variables for this URL that are set, the one that counts first. */
export function listProxyVariables(url: string, environment: Environment): string[] {
  const names = /^https:/i.test(url) ? proxyNames['https:'] : proxyNames['http:'];
  // A CGI program gets the header `Proxy:` of any stranger as HTTP_PROXY.
  const isCgi = readVariable(environment, 'REQUEST_METHOD') !== undefined;
  return names.filter(
    (name) => readVariable(environment, name) !== undefined && !(isCgi && name === 'HTTP_PROXY'),
  );
}

/** The names of the set variables that name certificate authorities. */
export function listAuthorityVariables(environment: Environment): string[] {
  return authorityNames.filter((name) => readVariable(environment, name) !== undefined);
}

/** Whether the way to this URL may be another than a plain connection. */
export function isNetworkSet(url: string, environment: Environment): boolean {
  return (
    listProxyVariables(url, environment).length > 0 ||
    (/^https:/i.test(url) && listAuthorityVariables(environment).length > 0)
  );
}
