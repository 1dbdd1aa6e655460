/** A relay's own TLS: a certificate that is read at the start, and again whenever its files change. */
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

/** How often the files are looked at: by name, so that a link that points elsewhere is seen as well. */
const lookMs = 1_000;

/** Like slow headers: who says hello and no more holds a socket and nothing else. */
const handshakeMs = 10_000;

/** Why these files are of no use, in words that name them without their folders. */
export class TlsUnusable extends Error {}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

/** The result of `work`, or TlsUnusable with these words. */
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

/** Both files, which belong together and which TLS takes. Throws TlsUnusable. */
async function readKeyPair({ certPath, keyPath }: TlsFiles): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readPart(certPath), readPart(keyPath)]);
  const [certName, keyName] = [basename(certPath), basename(keyPath)];
  const certificate = attempt(
    () => new X509Certificate(cert),
    () => `${certName} is no certificate in PEM form`,
  );
  const privateKey = attempt(
    () => createPrivateKey(key),
    () => `${keyName} is no private key in PEM form, without a passphrase`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsUnusable(`${keyName} does not belong to ${certName}`);
  }
  // The rest of the chain, which may be half written, and what is too weak.
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
  /** What was wrong with the files when they were last looked at; empty for nothing. */
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

  /** A server that speaks HTTP over TLS alone, with what the files hold now and whatever they will hold until it is closed. */
  createServer(options: ServerOptions, serve: RequestListener): HttpServer {
    const server = createServer({ ...options, ...this.#current, handshakeTimeout: handshakeMs }, serve);
    // Before node:https passes it on as a clientError: no words can be sent to who speaks no TLS, and scanners come by the thousand.
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
    // What changed between the first reading and now.
    look();
    server.once('close', () => {
      for (const path of paths) unwatchFile(path, look);
    });
  }

  /** Connections that are open go on with what they began with. Never throws: what is of no use is said, and looked at again when it changes. */
  async #renew(server: Server): Promise<void> {
    try {
      const pair = await readKeyPair(this.#files);
      this.#complaint = '';
      if (pair.cert.equals(this.#current.cert) && pair.key.equals(this.#current.key)) return;
      server.setSecureContext(pair);
      this.#current = pair;
      this.#log('the TLS certificate changed and was read again');
    } catch (error) {
      this.#complain(
        error instanceof TlsUnusable ? error.message : `TLS does not accept it (${codeOf(error)})`,
      );
    }
  }

  /** Once, though both files changed. */
  #complain(complaint: string): void {
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.#log(`the TLS certificate changed and is not used: ${complaint}; the old one stays`);
  }
}
