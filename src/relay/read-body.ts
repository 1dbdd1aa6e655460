/** A request's body: counted on the wire and once more when decoded, so that neither floods nor bombs cost memory. */
import type { IncomingMessage } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import type { BodyAccount } from './body-budget.ts';
import type { Exchange } from './exchange.ts';
import { joinBuffers } from './join-buffers.ts';
import { releaseBuffer } from './release-buffer.ts';

/** A request, and what its body takes of the memory for all of them. */
export type Upload = Pick<Exchange, 'request' | 'account'>;

/** A body of more than this goes into one buffer of its own. */
const largeBytes = 256 * 1024;

interface BodyLimits {
  /** On the wire. */
  maxBytes: number;
  /** Once decoded, where that is not a multiple of it. */
  maxDecodedBytes?: number;
}

/** Throws `unsupported_encoding`. */
function parseEncoding(request: IncomingMessage): 'plain' | 'gzip' {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return 'plain';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw new Refusal('unsupported_encoding');
}

/** Whether the sender said beforehand that it is too much. */
export function declaresTooMuch(request: IncomingMessage, { maxBytes }: BodyLimits): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes;
}

/** What came of a body, in order. */
class Received {
  readonly #declaredBytes: number;
  #chunks: Buffer[] = [];
  #whole: Buffer | undefined;
  bytes = 0;

  constructor(declaredBytes: number) {
    this.#declaredBytes = declaredBytes;
  }

  /**
   * A large body whose length was declared goes into one buffer as it arrives: a list that is joined at the end takes twice the memory.
   * That buffer is not created for a sender that declares much and sends little.
   */
  add(chunk: Buffer): void {
    const { byteLength } = chunk;
    if (this.#whole) {
      this.#whole.set(chunk, this.bytes);
      // Node's parser copies each piece of a body, for this listener alone.
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

/** By events, since an iterator costs a short body more than its session does. Throws `too_large`, `relay_busy` or `body_cut`. */
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
      // What is still to come is let through, and left, once the refusal was sent.
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

/** Bytes that follow the compressed data are consumed by nobody: zlib passes over them in silence. */
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
 * The whole body, decoded. Throws `too_large`, `bad_gzip`, `unsupported_encoding`, `relay_busy`, or `body_cut` when the sender went
 * away.
 */
export async function readBody(upload: Upload, limits: BodyLimits): Promise<Buffer> {
  const encoding = parseEncoding(upload.request);
  if (declaresTooMuch(upload.request, limits)) throw new Refusal('too_large');
  const chunks = await collect(upload, limits.maxBytes);
  if (encoding === 'plain') return joinBuffers(chunks);
  return inflate(chunks, upload.account, limits.maxDecodedBytes ?? limits.maxBytes * maxInflation);
}
