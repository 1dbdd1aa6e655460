/** What is used of tar-stream 3, whose own types are for another kind of streams. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  export interface Header {
    name: string;
    linkname: string | null;
    /** Null for what it does not know. */
    type: string | null;
    mode: number;
    size: number;
    mtime: Date;
    pax: Record<string, string> | null;
  }

  export type Entry = Readable & { header: Header };

  /** Archives in a row, one entry after the other. */
  export function extract(options: { filenameEncoding: 'latin1' }): Writable & AsyncIterable<Entry>;
}
