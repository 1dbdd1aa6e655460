/** Checks the stream of a download while it arrives, so that the client stops reading a remote that sends without end. */
import type { DownloadPlan } from './download-script.ts';
import type { RemoteFile } from './remote-file.ts';
import { TarWatch } from './tar-watch.ts';

/** This many bytes may arrive before the status line that announces them. */
const graceBytes = 64 * 1024 * 1024;

export class StreamGuard {
  readonly #sources: readonly string[];
  readonly #watch: TarWatch | undefined;
  readonly files: RemoteFile[] = [];
  /** The bytes of an earlier attempt: that attempt checked them against what was announced then. */
  readonly #start: number;
  #bytes = 0;

  constructor({ sources, recursive }: DownloadPlan, folder: Buffer, start: number) {
    this.#sources = sources;
    this.#start = start;
    this.#watch = recursive ? new TarWatch(folder) : undefined;
  }

  /** Bytes of all files that were announced. */
  get announced(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  get #name(): string {
    return this.#sources.join(', ');
  }

  announce(file: RemoteFile): void {
    if (!this.files.some(({ index }) => index === file.index)) this.files.push(file);
  }

  /** Takes the bytes of the archive that an earlier attempt received. */
  async look(bytes: Buffer): Promise<void> {
    await this.#watch?.push(bytes);
  }

  /** The problem with these bytes, which come after `before` earlier bytes; undefined if there is none. */
  async check(bytes: Buffer, before: number): Promise<string | undefined> {
    this.#bytes = before + bytes.byteLength;
    if (this.#watch) {
      const problem = await this.#watch.push(bytes);
      return problem === undefined ? undefined : `${this.#name}: the archive of the remote ${problem}`;
    }
    if (this.#bytes <= Math.max(this.announced, this.#start) + graceBytes) return undefined;
    return `${this.#name}: the remote sends more than the ${this.announced} bytes that it announced`;
  }

  /** What is missing at the end, beyond the `failures` that the remote reported. */
  async end(failures: number): Promise<string[]> {
    if (this.#watch) {
      const problem = await this.#watch.end();
      return problem === undefined || failures > 0
        ? []
        : [`${this.#name}: the archive of the remote ${problem}`];
    }
    const missing = this.#sources.filter((_source, at) => !this.files.some(({ index }) => index === at));
    return missing.slice(failures).map((source) => `${source}: the remote did not send it`);
  }

  close(): void {
    this.#watch?.close();
  }
}
