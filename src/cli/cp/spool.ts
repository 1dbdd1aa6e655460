/** Holds the stream of a download on the local disk until it is complete. A transfer that was cut resumes from it. */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import { decode } from '../../text/utf8.ts';

const pieceBytes = 1024 * 1024;

export class Spool {
  readonly path: Buffer;
  readonly #file: FileHandle;
  #hash: Hash = createHash('sha256');
  bytes = 0;

  private constructor(path: Buffer, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Opens the file of an earlier attempt, or creates an empty one that only its user can read. */
  static async open(path: Buffer): Promise<Spool> {
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
      const spool = new Spool(path, await open(path, flags, 0o600));
      for await (const piece of spool.read(0, Number.MAX_SAFE_INTEGER)) {
        spool.#hash.update(piece);
        spool.bytes += piece.byteLength;
      }
      return spool;
    } catch (error) {
      throw new Failure(
        `cannot write ${decode(path)}: ${describeFileError(error)}`,
        'choose another target',
        exitCodes.fileTrouble,
        'file',
      );
    }
  }

  async append(bytes: Buffer): Promise<void> {
    try {
      for (let at = 0; at < bytes.byteLength; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.byteLength - at, this.bytes + at);
        at += bytesWritten;
      }
    } catch (error) {
      await this.remove();
      throw new Failure(
        `cannot write ${decode(this.path)}: ${describeFileError(error)}`,
        'free some disk space, and run the same command again',
        exitCodes.fileTrouble,
        'file',
      );
    }
    this.#hash.update(bytes);
    this.bytes += bytes.byteLength;
  }

  async *read(offset: number, bytes: number): AsyncGenerator<Buffer> {
    for (let at = offset; at < offset + bytes; ) {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, offset + bytes - at));
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.byteLength, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** SHA-256 of all bytes so far, in hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.bytes = 0;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
