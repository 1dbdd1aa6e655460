/** Reads the trusted certificate authorities from the variables that curl reads on the remote, so that both trust the same ones. */
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

/**
 * Certificates in a file of the user are checked, because TLS ignores those that it cannot read. System bundles hold more than this, and
 * checking them would take too long.
 */
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

/** Returns nothing if the file cannot be read: system folders contain links to files that were removed. */
function readIfPossible(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').match(certificate) ?? [];
  } catch {
    return [];
  }
}

/** Reads the files that OpenSSL looks for in such a folder: those with the hash names of `openssl rehash`. */
function readFolder(path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch {
    // Like OpenSSL, treat a missing folder as an empty one.
    return [];
  }
  const hashed = names.filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name));
  return hashed.flatMap((name) => readIfPossible(join(path, name)));
}

/**
 * PEM texts for TLS, or undefined for Node's own authorities. As with curl, a file replaces the built-in authorities; a folder adds to
 * them. NODE_EXTRA_CA_CERTS is always added. Throws a ConfigError.
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
  // Ignore one that cannot be read: Node warns of it and continues without it.
  const extras = extra === undefined ? [] : readIfPossible(extra);
  return [...base, ...fromFolders, ...extras];
}
