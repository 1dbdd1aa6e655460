/** Renders the configuration files of deploy/ for tests, with other ports, folders, certificates and relays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from './certificate.ts';

export const readDeployed = (name: string): string =>
  readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

export type Rendering = {
  folder: string;
  port: number;
  /** The port where plain HTTP is redirected. */
  httpPort: number;
  /** host:port of each relay. */
  upstreams: string[];
  tls: CertificateFiles;
  /** The path of the relay, which the proxy strips or keeps. */
  path?: Path | undefined;
  /** A text to use instead of the file of deploy/. */
  text?: string;
};

export type Path = { prefix: string; isStripped: boolean };

/** Throws if a replacement matches nothing: the test would then run a different configuration than the shipped one. */
function replace(text: string, rows: readonly (readonly [from: string | RegExp, to: string])[]): string {
  return rows.reduce((before, [from, to]) => {
    const after = typeof from === 'string' ? before.replaceAll(from, () => to) : before.replace(from, to);
    if (after === before && from !== to) throw new Error(`the file has no ${String(from)}`);
    return after;
  }, text);
}

function placeNginx(text: string, { prefix, isStripped }: Path): string {
  const strip = isStripped ? `rewrite ^${prefix}(/.*)$ $1 break; ` : '';
  return replace(text, [
    [/location \/ \{(?=\s+proxy_pass)/, `location ${prefix}/ {`],
    ['location ~ ^/(cmd', `location ~ ^${prefix}/(cmd`],
    ['location = /api', `location = ${prefix}/api`],
    ['proxy_pass ', `${strip}proxy_pass `],
  ]);
}

export function wrapNginx(folder: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  // As root, nginx would run its workers as a user without write access to the test's folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `daemon off;
${user}pid ${folder}/nginx.pid;
error_log stderr notice;
worker_processes 2;
events {}
http {
access_log off;
${temporary.join('\n')}
${http}
}
`;
}

/** Renders deploy/nginx.conf as part of a complete configuration. */
export function renderNginx(given: Omit<Rendering, 'httpPort'> & { httpPort?: number }): string {
  const { folder, port, httpPort = 8080, upstreams, tls, path, text = readDeployed('nginx.conf') } = given;
  const servers = upstreams.map((address) => `server ${address} fail_timeout=2s;`).join(' ');
  const http = replace(text, [
    ['server 127.0.0.1:8080 fail_timeout=2s;', servers],
    ['listen 80;', `listen 127.0.0.1:${httpPort};`],
    ['listen [::]:80;', ''],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['listen [::]:443 ssl http2;', ''],
    ['server_name relay.example;', 'server_name localhost;'],
    ['/etc/letsencrypt/live/relay.example/fullchain.pem', tls.certPath],
    ['/etc/letsencrypt/live/relay.example/privkey.pem', tls.keyPath],
    ['/var/log/nginx/remotify.log', join(folder, 'error.log')],
  ]);
  return wrapNginx(folder, path === undefined ? http : placeNginx(http, path));
}

/** Renders deploy/haproxy.cfg, and writes its certificate to the folder. */
export function renderHaproxy(given: Omit<Rendering, 'httpPort'> & { httpPort?: number }): string {
  const { folder, port, httpPort = 8080, upstreams, tls, path, text = readDeployed('haproxy.cfg') } = given;
  const pem = join(folder, 'haproxy.pem');
  writeFileSync(pem, readFileSync(tls.certPath, 'utf8') + readFileSync(tls.keyPath, 'utf8'));
  const servers = upstreams.map((address, index) => `server relay${index + 1} ${address}`).join('\n    ');
  const whole = replace(text, [
    // The number of open files is limited where tests run.
    ['maxconn 20000', 'maxconn 2000'],
    ['bind :80\n', `bind 127.0.0.1:${httpPort}\n`],
    ['bind :443 ', `bind 127.0.0.1:${port} `],
    ['crt /etc/haproxy/remotify.pem alpn', `crt ${pem} alpn`],
    ['server relay1 127.0.0.1:8080', servers],
  ]);
  if (path === undefined) return whole;
  const strip = path.isStripped ? `\n    http-request replace-path ${path.prefix}(/.*) \\1` : '';
  const { prefix } = path;
  return replace(whole, [
    ['path_beg /cmd- /result-', `path_beg ${prefix}/cmd- ${prefix}/result-`],
    ['{ path /api/session }', `{ path ${prefix}/api/session }`],
    ['option forwardfor', `option forwardfor${strip}`],
  ]);
}

/** Renders `Caddyfile` or `Caddyfile.http` with the ports of a test. Other settings come from the environment, as in compose.yaml. */
export function renderCaddy(
  name: 'Caddyfile' | 'Caddyfile.http',
  ports: { admin: number; port: number; httpPort: number },
  {
    path,
    acme,
  }: { path?: Path | undefined; acme?: { directory: string; rootPath: string } | undefined } = {},
): string {
  const isPlain = name === 'Caddyfile.http';
  const own = [`admin 127.0.0.1:${ports.admin}`];
  if (!isPlain) own.push(`http_port ${ports.httpPort}`, `https_port ${ports.port}`);
  let text = replace(readDeployed(name), [[/^\{\n/m, `{\n\t${own.join('\n\t')}\n`]]);
  if (isPlain) text = replace(text, [[':80 {', `:${ports.port} {`]]);
  if (acme !== undefined) {
    text = replace(text, [
      [
        /issuer acme \S*staging\S* \{\n/,
        `issuer acme ${acme.directory} {\n\t\ttrusted_roots ${acme.rootPath}\n`,
      ],
    ]);
  }
  if (path !== undefined) {
    const handle = path.isStripped ? 'handle_path' : 'handle';
    text = replace(text, [['\timport relay\n', `\t${handle} ${path.prefix}/* {\n\t\timport relay\n\t}\n`]]);
  }
  return text;
}
