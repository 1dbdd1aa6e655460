/** Whether the stream of a download can be what it should be, while it arrives: a remote that does not end is not read for ever. */
import type { DownloadPlan } from './download-script.ts';
import type { RemoteFile } from './remote-file.ts';
import { TarWatch } from './tar-watch.ts';

/** Bytes may arrive before the line that announces them. */
const graceBytes = 64 * 1024 * 1024;

export class StreamGuard {
  readonly #sources: readonly string[];
  readonly #watch: TarWatch | undefined;
  readonly files: RemoteFile[] = [];
  /** What an earlier attempt left here was as long as announced then. */
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

  /** Bytes of an archive that were here before. */
  async look(bytes: Buffer): Promise<void> {
    await this.#watch?.push(bytes);
  }

  /** What is wrong with these bytes, behind so many others; undefined while nothing is. */
  async check(bytes: Buffer, before: number): Promise<string | undefined> {
    this.#bytes = before + bytes.byteLength;
    if (this.#watch) {
      const problem = await this.#watch.push(bytes);
      return problem === undefined ? undefined : `${this.#name}: the archive of the remote ${problem}`;
    }
    if (this.#bytes <= Math.max(this.announced, this.#start) + graceBytes) return undefined;
    return `${this.#name}: the remote sends more than the ${this.announced} bytes that it announced`;
  }

  /** What is missing at the end, beside so many failures of which the remote spoke. */
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
