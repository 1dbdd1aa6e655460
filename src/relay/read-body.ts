/** A request's body: counted on the wire and once more when decoded, so that neither floods nor bombs cost memory. */
import type { IncomingMessage } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Refusal } from '../protocol/errors.ts';
import { maxInflation } from '../protocol/limits.ts';
import type { BodyAccount } from './body-budget.ts';
import type { Exchange } from './exchange.ts';

/** A request, and what its body takes of the memory for all of them. */
export type Upload = Pick<Exchange, 'request' | 'account'>;

/** A body of which so much came goes into one buffer of its own. */
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
 * What came, in order. A large body whose length was declared goes into one buffer as it arrives: a list of chunks that is joined at the end
 * takes twice the memory. That buffer is not created for a sender that declares much and sends little.
 */
async function collect({ request, account }: Upload, maxBytes: number): Promise<Buffer[]> {
  const declared = Number(request.headers['content-length'] ?? 0);
  let chunks: Buffer[] = [];
  let body: Buffer | undefined;
  let total = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const at = total;
    total += chunk.byteLength;
    if (total > maxBytes) throw new Refusal('too_large');
    account.take(chunk.byteLength);
    if (body) body.set(chunk, at);
    else chunks.push(chunk);
    if (body || total < largeBytes || declared <= total) continue;
    body = Buffer.allocUnsafeSlow(declared);
    body.set(Buffer.concat(chunks));
    chunks = [];
  }
  return body ? [body.subarray(0, total)] : chunks;
}

/** A small chunk is copied: it may be a part of a larger buffer, which would be kept with it. */
function join(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only && only.byteLength >= largeBytes ? only : Buffer.concat(chunks);
}

/** Bytes that follow the compressed data are consumed by nobody: zlib passes over them in silence. */
function hasTrailingBytes(gunzip: Gunzip, fedBytes: number): boolean {
  return gunzip.bytesWritten !== fedBytes;
}

async function inflate(compressed: Buffer[], account: BodyAccount, maxBytes: number): Promise<Buffer> {
  const gunzip = createGunzip();
  const fed = join(compressed);
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
  let chunks: Buffer[];
  try {
    chunks = await collect(upload, limits.maxBytes);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('body_cut');
  }
  if (encoding === 'plain') return join(chunks);
  return inflate(chunks, upload.account, limits.maxDecodedBytes ?? limits.maxBytes * maxInflation);
}
