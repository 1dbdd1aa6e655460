/** Variables of deploy/: all those of the original exist, and remotify reads every REMOTIFY_ variable. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { listSourceFiles, readSource } from '../design/source-files.ts';
import { readDeployed } from '../harness/proxies.ts';

/** The variables in the table of the original. */
const seedVariables =
  'DOMAIN SCHEME PUBLIC_PORT NGINX_MODE HTTP_PORT HTTPS_PORT RATE_LIMIT RATE_LIMIT_BURST PROXY_TIMEOUT MAX_BODY_SIZE SESSION_TTL AUDIT_LOG CERTBOT_EMAIL CERTBOT_STAGING'.split(
    ' ',
  );

const defaults: Record<string, string> = {
  DOMAIN: 'localhost',
  SCHEME: 'http',
  PUBLIC_PORT: '',
  NGINX_MODE: 'http',
  HTTP_PORT: '80',
  HTTPS_PORT: '443',
  RATE_LIMIT: '10r/m',
  RATE_LIMIT_BURST: '5',
  PROXY_TIMEOUT: '3600',
  MAX_BODY_SIZE: '25m',
  SESSION_TTL: '10800',
  AUDIT_LOG: '0',
  CERTBOT_STAGING: '0',
};

/** NAME=VALUE of all lines, including those that are commented out with a #. */
function readEnvExample(): Map<string, string> {
  const rows = readDeployed('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm);
  return new Map([...rows].map(([, name = '', value = '']) => [name, value]));
}

const composeText = readDeployed('compose.yaml') + readDeployed('compose.cluster.yaml');

test('.env.example has every variable of the original, with the default of the original', () => {
  const given = readEnvExample();
  expect(seedVariables.filter((name) => !given.has(name))).toEqual([]);
  for (const [name, value] of Object.entries(defaults)) expect(given.get(name), name).toBe(value);
});

test('compose.yaml passes on every variable of .env.example, and no other', () => {
  const used = [...composeText.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name);
  // Compose itself reads COMPOSE_ variables.
  const given = [...readEnvExample().keys()].filter((name) => !name.startsWith('COMPOSE_'));
  expect([...new Set(used)].toSorted()).toEqual(given.toSorted());
});

test('compose.yaml sets exactly the variables that the Caddyfiles read', () => {
  const text = ['Caddyfile', 'Caddyfile.http', 'relay.caddy'].map(readDeployed).join('');
  const read = [...text.matchAll(/\{\$([A-Z_]+)/g)].map(([, name = '']) => name);
  const { services } = parse(readDeployed('compose.yaml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string> }>;
  };
  const given = Object.keys(services['caddy']?.environment ?? {});
  expect([...new Set(read)].toSorted()).toEqual(given.toSorted());
});

test('`serve` or a client reads each REMOTIFY_ variable in deploy/', () => {
  const source = listSourceFiles()
    .filter((path) => path.endsWith('.ts'))
    .map(readSource)
    .join('\n');
  const known = new Set([...source.matchAll(/\bREMOTIFY_[A-Z_]+\b/g)].map(([name]) => name));
  const folder = new URL('../../deploy/', import.meta.url);
  const unknown = readdirSync(folder).flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\bREMOTIFY_[A-Z_]+\b/g)]
      .map(([variable]) => variable)
      .filter((variable) => !known.has(variable))
      .map((variable) => `${name}: ${variable}`),
  );
  expect(unknown).toEqual([]);
});
