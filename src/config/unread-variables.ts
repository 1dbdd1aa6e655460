/** Variables of the original relay's containers that `serve` does not read, and what does their work. */
import { type Environment, readVariable } from './environment.ts';

const certificates =
  'in deploy/compose.yaml Caddy gets the certificate; a certificate that you have goes to --tls-cert and --tls-key';

const workers: Readonly<Record<string, string>> = {
  NGINX_MODE:
    'in deploy/compose.yaml Caddy serves http or https by it; the relay alone serves https with --tls-cert and --tls-key',
  HTTP_PORT: 'in deploy/compose.yaml it is the port of Caddy; the port of the relay is --port',
  HTTPS_PORT: 'in deploy/compose.yaml it is the port of Caddy; the port of the relay is --port',
  PROXY_TIMEOUT:
    'in deploy/compose.yaml Caddy waits so long for the relay; the relay holds a poll for --long-poll',
  CERTBOT_EMAIL: certificates,
  CERTBOT_STAGING: certificates,
};

/** A sentence for each one that is set. `hasPublicUrl`: it takes the place of DOMAIN and its companions. */
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
