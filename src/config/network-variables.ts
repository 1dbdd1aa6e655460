/** Finds the variables for proxies and certificates, by curl's rules. Small, because every command that uses a relay loads it. */
import { type Environment, readVariable } from './environment.ts';

/** By the scheme of the relay's URL; the first one that is set is used. */
const proxyNames = {
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
} as const;

const authorityNames = ['CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

/** The names of the proxy variables for this URL that are set. The first one is used. */
export function listProxyVariables(url: string, environment: Environment): string[] {
  const names = /^https:/i.test(url) ? proxyNames['https:'] : proxyNames['http:'];
  // In a CGI program HTTP_PROXY is the `Proxy:` header of the request, which is untrusted.
  const isCgi = readVariable(environment, 'REQUEST_METHOD') !== undefined;
  return names.filter(
    (name) => readVariable(environment, name) !== undefined && !(isCgi && name === 'HTTP_PROXY'),
  );
}

/** The names of the set variables that name certificate authorities. */
export function listAuthorityVariables(environment: Environment): string[] {
  return authorityNames.filter((name) => readVariable(environment, name) !== undefined);
}

/** Whether variables for proxies or certificates apply to this URL. */
export function isNetworkSet(url: string, environment: Environment): boolean {
  return (
    listProxyVariables(url, environment).length > 0 ||
    (/^https:/i.test(url) && listAuthorityVariables(environment).length > 0)
  );
}
