/** Whom to trust for a certificate: the variables that curl reads on the remote count for this client as well. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { describeFileError } from './describe-file-error.ts';
import { quote } from '../text/quote.ts';

const certificate =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** A file of one's own is checked, as TLS passes over what it cannot read. Bundles of systems hold more, and would take too long. */
const maxChecked = 10;

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== '';
  } catch {
    return false;
  }
}

function readFile(path: string, name: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw new ConfigError(
      `${name}: cannot read ${quote(path)}: ${describeFileError(error)}`,
      'name a PEM file of certificates that this user can read, or unset it',
      'setting',
    );
  }
  const fail = (what: string): ConfigError =>
    new ConfigError(
      `${name}: ${quote(path)} holds ${what}`,
      'name a PEM file: it has a line -----BEGIN CERTIFICATE-----',
      'setting',
    );
  const found = text.match(certificate);
  if (!found) throw fail('no certificate');
  if (found.length <= maxChecked && !found.every(isReadable)) throw fail('a certificate that is damaged');
  return found;
}

/** Nothing where the file cannot be read: in the folders of systems there are links to files that were removed. */
function readIfPossible(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').match(certificate) ?? [];
  } catch {
    return [];
  }
}

/** The files that OpenSSL looks for in such a folder: `openssl rehash` names them after a hash. */
function readFolder(path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch {
    // As in OpenSSL, a folder that is not there holds nothing.
    return [];
  }
  const hashed = names.filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
  return hashed.flatMap((name) => readIfPossible(join(path, name)));
}

/**
 * PEM texts for TLS, or undefined for what Node trusts by itself. A file takes the place of the built-in authorities, as with curl; a
 * folder adds to them. NODE_EXTRA_CA_CERTS always counts. Throws a ConfigError.
 */
export function readAuthorities(environment: Environment): string[] | undefined {
  const fileName = ['CURL_CA_BUNDLE', 'SSL_CERT_FILE'].find(
    (name) => readVariable(environment, name) !== undefined,
  );
  const folders = readVariable(environment, 'SSL_CERT_DIR')?.split(':') ?? [];
  const fromFolders = folders.flatMap(readFolder);
  if (fileName === undefined && fromFolders.length === 0) return undefined;
  const file = fileName === undefined ? undefined : readVariable(environment, fileName);
  const base = file === undefined ? rootCertificates : readFile(file, fileName ?? '');
  const extra = readVariable(environment, 'NODE_EXTRA_CA_CERTS');
  // Node warns of one that it cannot read, and goes on without it.
  const extras = extra === undefined ? [] : readIfPossible(extra);
  return [...base, ...fromFolders, ...extras];
}
