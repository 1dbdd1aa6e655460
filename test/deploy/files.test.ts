/** Every file of deploy/ passes the tool that reads it in use, and each tool finds a planted error. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hasOpenssl } from '../harness/certificate.ts';
import { findProgram } from '../harness/find-program.ts';
import { readDeployed } from '../harness/proxies.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import * as check from './checkers.ts';
import { forTest } from '../harness/for-test.ts';

type Row = {
  file: string;
  checker: string;
  check: check.Checker;
  /** A replacement that breaks the file, so that the checker must report an error. */
  plant: readonly [from: string, to: string];
  needs?: string[];
};

const service = readDeployed('remotify.service');

const rows: Row[] = [
  {
    file: 'compose.yaml',
    checker: 'the compose schema',
    check: check.checkCompose,
    plant: ['restart: unless', 'restarts: unless'],
  },
  {
    file: 'compose.cluster.yaml',
    checker: 'the compose schema',
    check: check.checkCompose,
    plant: ['command:', 'comand:'],
  },
  {
    file: 'Dockerfile',
    checker: 'dockerfile-utils',
    check: check.checkDockerfile,
    plant: ['EXPOSE 8080', 'EXPOSE http'],
  },
  {
    file: 'kubernetes.yaml',
    checker: 'kubernetes-models',
    check: check.checkKubernetes,
    plant: ['replicas: 3', 'replicas: three'],
  },
  {
    file: 'kubernetes-single.yaml',
    checker: 'kubernetes-models',
    check: check.checkKubernetes,
    plant: ['containerPort: 8080', 'containerPorts: 8080'],
  },
  {
    file: 'remotify.service',
    checker: 'systemd-analyze verify',
    check: (text, folder) => check.checkUnits(text, readDeployed('remotify.socket'), folder),
    plant: ['DynamicUser=yes', 'DynamicUsers=yes'],
    needs: ['systemd-analyze'],
  },
  {
    file: 'remotify.socket',
    checker: 'systemd-analyze verify',
    check: (text, folder) => check.checkUnits(service, text, folder),
    plant: ['ListenStream=127.0.0.1:8080', 'ListenStream=127.0.0.1:port'],
    needs: ['systemd-analyze'],
  },
  {
    file: 'remotify.service',
    checker: 'systemd-analyze security, 1.5 at most',
    check: check.checkHardening,
    plant: ['DynamicUser=yes', 'User=root'],
    needs: ['systemd-analyze'],
  },
  {
    file: 'nginx.conf',
    checker: 'nginx -t',
    check: check.checkNginx,
    plant: ['proxy_buffering off;', 'proxy_bufering off;'],
    needs: ['nginx', 'openssl'],
  },
  {
    file: 'haproxy.cfg',
    checker: 'haproxy -c',
    check: check.checkHaproxy,
    plant: ['balance roundrobin', 'balance round'],
    needs: ['haproxy', 'openssl'],
  },
  ...['0', '1', 'internal'].map(
    (staging): Row => ({
      file: 'Caddyfile',
      checker: `caddy validate, CERTBOT_STAGING=${staging}`,
      check: check.checkCaddy({ CERTBOT_STAGING: staging }),
      plant: ['\ttls {', '\ttsl {'],
      needs: ['caddy'],
    }),
  ),
  ...['http', 'tls'].map(
    (mode): Row => ({
      file: 'Caddyfile.http',
      checker: `caddy validate, NGINX_MODE=${mode}`,
      check: check.checkCaddy({ NGINX_MODE: mode }),
      plant: ['import port-80-', 'import port-81-'],
      needs: ['caddy'],
    }),
  ),
  ...['Caddyfile', 'Caddyfile.http', 'relay.caddy'].map(
    (file): Row => ({
      file,
      checker: 'caddy fmt',
      check: check.checkCaddyFormat,
      plant: ['\t', '    '],
      needs: ['caddy'],
    }),
  ),
];

const isMissing = (program: string): boolean =>
  program === 'openssl' ? !hasOpenssl : findProgram(program) === undefined;

for (const { file, checker, check: run, plant, needs = [] } of rows) {
  const missing = needs.filter(isMissing);
  const title = `${file}: ${checker}${missing.length > 0 ? ` (skipped: ${missing.join(', ')} not installed)` : ''}`;
  describe.skipIf(missing.length > 0)(title, () => {
    const runOn = async (text: string): Promise<string[]> => {
      const folder = await forTest(makeTemporaryFolder());
      return run(text, folder.path);
    };
    test('the shipped file has no error', async () => {
      expect(await runOn(readDeployed(file))).toEqual([]);
    });
    test('a planted error is found', async () => {
      const text = readDeployed(file);
      const broken = text.replace(plant[0], plant[1]);
      expect(broken).not.toBe(text);
      expect(await runOn(broken)).not.toEqual([]);
    });
  });
}

test('every file of deploy/ has a checker or is known to need none', () => {
  const files = readdirSync(new URL('../../deploy/', import.meta.url)).filter((name) => name !== '.env');
  const plain = ['.env.example', 'Dockerfile.dockerignore', 'README.md'];
  expect(files.toSorted()).toEqual([...new Set([...rows.map(({ file }) => file), ...plain])].toSorted());
});
