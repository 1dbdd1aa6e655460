/** A request's body: counted on the wire and once more when decoded, so that neither floods nor bombs cost memory. */
import type { IncomingMessage } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import type { BodyAccount } from './body-budget.ts';
import type { Exchange } from './exchange.ts';

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

/**
 * A body whose length was declared, copied into one buffer as it arrives: a list of chunks that is joined at the end takes twice the
 * memory. What was declared and did not arrive takes none: the system gives a large buffer its memory where it is written to.
 */
async function fill({ request, account }: Upload, length: number): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(length);
  let total = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    account.take(chunk.byteLength);
    body.set(chunk, total);
    total += chunk.byteLength;
  }
  return body.subarray(0, total);
}

async function collect({ request, account }: Upload, maxBytes: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    total += chunk.byteLength;
    if (total > maxBytes) throw new Refusal('too_large');
    account.take(chunk.byteLength);
    chunks.push(chunk);
  }
  return chunks;
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
  const length = Number(upload.request.headers['content-length'] ?? 0);
  let chunks: Buffer[];
  try {
    if (encoding === 'plain' && length > largeBytes) return await fill(upload, length);
    chunks = await collect(upload, limits.maxBytes);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('body_cut');
  }
  if (encoding === 'plain') return Buffer.concat(chunks);
  return inflate(chunks, upload.account, limits.maxDecodedBytes ?? limits.maxBytes * maxInflation);
}
