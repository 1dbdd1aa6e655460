/** Types for the used part of tar-stream 3, whose own types are for another kind of streams. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  export interface Header {
    name: string;
    linkname: string | null;
    /** Null for an unknown type. */
    type: string | null;
    mode: number;
    size: number;
    mtime: Date;
    pax: Record<string, string> | null;
  }

  export type Entry = Readable & { header: Header };

  /** Reads concatenated archives, one entry after the other. */
  export function extract(options: { filenameEncoding: 'latin1' }): Writable & AsyncIterable<Entry>;
}
