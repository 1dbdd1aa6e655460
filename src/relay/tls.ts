/** The relay's own TLS: reads the certificate and key at the start, and again when their files change. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestListener, Server as HttpServer, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { basename } from 'node:path';
import { createSecureContext } from 'node:tls';
import { describeCode } from '../store/error-code.ts';
import type { RelayOptions } from './relay-options.ts';

type TlsFiles = NonNullable<RelayOptions['tls']>;

interface KeyPair {
  cert: Buffer;
  key: Buffer;
}

/** How often the relay checks the files: by name, so that it also notices a symbolic link with a new target. */
const lookMs = 1_000;

/** Timeout of the TLS handshake, as for slow headers: until then a silent client holds only a socket. */
const handshakeMs = 10_000;

/** The certificate or key cannot be used; the message names the files without their folders. */
export class TlsUnusable extends Error {}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

/** The result of `work`. Throws TlsUnusable with this message if `work` throws. */
function attempt<T>(work: () => T, words: (code: string) => string): T {
  try {
    return work();
  } catch (error) {
    throw new TlsUnusable(words(codeOf(error)));
  }
}

function readPart(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new TlsUnusable(`cannot read ${basename(path)}: ${describeCode(codeOf(error))}`);
  });
}

/** Reads both files; checks that they belong together and that TLS accepts them. Throws TlsUnusable. */
async function readKeyPair({ certPath, keyPath }: TlsFiles): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readPart(certPath), readPart(keyPath)]);
  const [certName, keyName] = [basename(certPath), basename(keyPath)];
  const certificate = attempt(
    () => new X509Certificate(cert),
    () => `${certName} is not a certificate in PEM format`,
  );
  const privateKey = attempt(
    () => createPrivateKey(key),
    () => `${keyName} is not a private key in PEM format without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsUnusable(`${keyName} does not belong to ${certName}`);
  }
  // Finds errors in the rest of the chain, which may be half written, and keys that are too weak.
  attempt(
    () => createSecureContext({ cert, key }),
    (code) => `${certName} cannot be used: TLS does not accept it (${code})`,
  );
  return { cert, key };
}

export class Certificate {
  readonly #files: TlsFiles;
  readonly #log: (line: string) => void;
  #current: KeyPair;
  /** The error at the last check of the files; empty for none. */
  #complaint = '';

  private constructor(files: TlsFiles, log: (line: string) => void, current: KeyPair) {
    this.#files = files;
    this.#log = log;
    this.#current = current;
  }

  /** Throws TlsUnusable. */
  static async open(files: TlsFiles, log: (line: string) => void): Promise<Certificate> {
    return new Certificate(files, log, await readKeyPair(files));
  }

  /** Creates a server that accepts only TLS. Until it closes, it uses the newest certificate that the files have. */
  createServer(options: ServerOptions, serve: RequestListener): HttpServer {
    const server = createServer({ ...options, ...this.#current, handshakeTimeout: handshakeMs }, serve);
    // Runs before node:https emits a clientError: closes the socket without an error and a log line. The relay
    // cannot send an error to a client without TLS, and thousands of scanners connect.
    server.prependListener('tlsClientError', (_error, socket) => socket.destroy());
    this.#follow(server);
    return server;
  }

  #follow(server: Server): void {
    let last = Promise.resolve();
    const look = (): void => {
      last = last.then(() => this.#renew(server));
    };
    const paths = new Set([this.#files.certPath, this.#files.keyPath]);
    for (const path of paths) watchFile(path, { interval: lookMs, persistent: false }, look);
    // The files may have changed since they were first read.
    look();
    server.once('close', () => {
      for (const path of paths) unwatchFile(path, look);
    });
  }

  /**
   * Open connections keep their certificate. Never throws: logs why the files are unusable, and tries again when they
   * change.
   */
  async #renew(server: Server): Promise<void> {
    try {
      const pair = await readKeyPair(this.#files);
      this.#complaint = '';
      if (pair.cert.equals(this.#current.cert) && pair.key.equals(this.#current.key)) return;
      server.setSecureContext(pair);
      this.#current = pair;
      this.#log('the TLS certificate changed: the relay uses the new one');
    } catch (error) {
      this.#complain(
        error instanceof TlsUnusable ? error.message : `TLS does not accept it (${codeOf(error)})`,
      );
    }
  }

  /** Logs the error once, although both files changed. */
  #complain(complaint: string): void {
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.#log(`the TLS certificate changed but is unusable: ${complaint}; the relay keeps the old one`);
  }
}
