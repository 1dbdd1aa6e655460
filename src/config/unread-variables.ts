/** Variables of the legacy relay's containers that `serve` does not read, and what replaces them. */
import { type Environment, readVariable } from './environment.ts';

const certificates =
  'in deploy/compose.yaml Caddy gets the certificate; a certificate that you have goes to --tls-cert and --tls-key';

const workers: Readonly<Record<string, string>> = {
  NGINX_MODE:
    'in deploy/compose.yaml it selects http or https for Caddy; without Caddy, use --tls-cert and --tls-key for https',
  HTTP_PORT: 'in deploy/compose.yaml it is the port of Caddy; the port of the relay is --port',
  HTTPS_PORT: 'in deploy/compose.yaml it is the port of Caddy; the port of the relay is --port',
  PROXY_TIMEOUT:
    'in deploy/compose.yaml it is how long Caddy waits for the relay; the relay holds a poll for --long-poll',
  CERTBOT_EMAIL: certificates,
  CERTBOT_STAGING: certificates,
};

/** Returns a message for each one that is set. `hasPublicUrl`: DOMAIN, SCHEME and PUBLIC_PORT are not needed. */
export function describeUnread(environment: Environment, hasPublicUrl: boolean): string[] {
  const isSet = (name: string): boolean => readVariable(environment, name) !== undefined;
  const lone = ['SCHEME', 'PUBLIC_PORT'].filter((name) => !hasPublicUrl && isSet(name));
  return [
    ...lone.map((name) => `${name} is not read without DOMAIN: set that too, or use --public-url`),
    ...Object.entries(workers)
      .filter(([name]) => isSet(name))
      .map(([name, worker]) => `${name} is not read: ${worker}`),
  ];
}
