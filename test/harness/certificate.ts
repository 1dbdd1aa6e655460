import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** For `test.skipIf(!hasOpenssl)`: without openssl the tests are reported as skipped, by their names. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Paths of PEM files. The certificate is self-signed: a client that uses it as an authority trusts it. */
export type CertificateFiles = { certPath: string; keyPath: string };

/** Creates a certificate for a host, localhost and 127.0.0.1. The files are `NAME.pem` and `NAME.key` in the folder. */
export async function makeCertificate(
  folder: string,
  { name = 'relay', host = 'relay.example' } = {},
): Promise<CertificateFiles> {
  const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const how = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${host}`;
  const names = `subjectAltName=DNS:${host},DNS:localhost,IP:127.0.0.1`;
  const files = ['-keyout', keyPath, '-out', certPath];
  await promisify(execFile)('openssl', [...how.split(' '), '-addext', names, ...files]);
  return { certPath, keyPath };
}
