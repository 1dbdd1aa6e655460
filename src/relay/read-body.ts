/** Reads and decodes a request body. Limits its bytes on the wire and decoded, against floods and gzip bombs. */
import type { IncomingMessage } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import type { BodyAccount } from './body-budget.ts';
import type { Exchange } from './exchange.ts';
import { joinBuffers } from './join-buffers.ts';
import { releaseBuffer } from './release-buffer.ts';

/** A request, and its share of the memory for all bodies. */
export type Upload = Pick<Exchange, 'request' | 'account'>;

/** A body larger than this is collected in one buffer. */
const largeBytes = 256 * 1024;

interface BodyLimits {
  /** Limit on the wire. */
  maxBytes: number;
  /** Limit of the decoded body; maxBytes times maxInflation unless given. */
  maxDecodedBytes?: number;
}

/** Throws `unsupported_encoding`. */
function parseEncoding(request: IncomingMessage): 'plain' | 'gzip' {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return 'plain';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw new Refusal('unsupported_encoding');
}

/** Whether the Content-Length already exceeds the limit. */
export function declaresTooMuch(request: IncomingMessage, { maxBytes }: BodyLimits): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes;
}

/** The received parts of a body, in order. */
class Received {
  readonly #declaredBytes: number;
  #chunks: Buffer[] = [];
  #whole: Buffer | undefined;
  bytes = 0;

  constructor(declaredBytes: number) {
    this.#declaredBytes = declaredBytes;
  }

  /**
   * A large body with a Content-Length goes into one buffer as it arrives: joining a list at the end would need twice
   * the memory. The buffer is created only after the first 256 KiB have arrived, so a client that declares much and
   * sends little costs nothing.
   */
  add(chunk: Buffer): void {
    const { byteLength } = chunk;
    if (this.#whole) {
      this.#whole.set(chunk, this.bytes);
      // Safe to release: the chunk is a copy made by Node's parser, and only this code refers to it.
      releaseBuffer(chunk);
    } else this.#chunks.push(chunk);
    this.bytes += byteLength;
    if (this.#whole || this.bytes < largeBytes || this.#declaredBytes <= this.bytes) return;
    this.#whole = Buffer.allocUnsafeSlow(this.#declaredBytes);
    let at = 0;
    for (const early of this.#chunks) {
      this.#whole.set(early, at);
      at += early.byteLength;
      releaseBuffer(early);
    }
    this.#chunks = [];
  }

  list(): Buffer[] {
    return this.#whole ? [this.#whole.subarray(0, this.bytes)] : this.#chunks;
  }
}

/**
 * Uses events, since for a short body an iterator costs more than its session. Throws `too_large`, `relay_busy` or
 * `body_cut`.
 */
function collect({ request, account }: Upload, maxBytes: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const received = new Received(Number(request.headers['content-length'] ?? 0));
    const stop = (): void => {
      request.off('data', take).off('end', end).off('close', fail);
    };
    const end = (): void => {
      stop();
      resolve(received.list());
    };
    const fail = (error: unknown): void => {
      stop();
      // The server reads and discards the rest of the body after it has sent the refusal.
      request.pause();
      reject(error instanceof Refusal ? error : new Refusal('body_cut'));
    };
    const take = (chunk: Buffer): void => {
      try {
        if (received.bytes + chunk.byteLength > maxBytes) throw new Refusal('too_large');
        account.take(chunk.byteLength);
        received.add(chunk);
      } catch (error) {
        fail(error);
      }
    };
    if (request.destroyed) fail(undefined);
    else request.on('data', take).on('end', end).on('close', fail);
  });
}

/** Whether there are bytes after the compressed data: zlib ignores them silently. */
function hasTrailingBytes(gunzip: Gunzip, fedBytes: number): boolean {
  return gunzip.bytesWritten !== fedBytes;
}

async function inflate(compressed: Buffer[], account: BodyAccount, maxBytes: number): Promise<Buffer> {
  const gunzip = createGunzip();
  const fed = Buffer.concat(compressed);
  const chunks: Buffer[] = [];
  let total = 0;
  gunzip.end(fed);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      total += chunk.byteLength;
      if (total > maxBytes) throw new Refusal('too_large');
      account.take(chunk.byteLength);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('bad_gzip');
  } finally {
    gunzip.destroy();
  }
  if (hasTrailingBytes(gunzip, fed.byteLength)) throw new Refusal('bad_gzip');
  return Buffer.concat(chunks);
}

/**
 * The whole body, decoded. Throws `too_large`, `bad_gzip`, `unsupported_encoding`, `relay_busy`, or `body_cut` if the
 * client disconnected.
 */
export async function readBody(upload: Upload, limits: BodyLimits): Promise<Buffer> {
  const encoding = parseEncoding(upload.request);
  if (declaresTooMuch(upload.request, limits)) throw new Refusal('too_large');
  const chunks = await collect(upload, limits.maxBytes);
  if (encoding === 'plain') return joinBuffers(chunks);
  return inflate(chunks, upload.account, limits.maxDecodedBytes ?? limits.maxBytes * maxInflation);
}
