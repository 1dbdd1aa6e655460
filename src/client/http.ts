/** What carries requests to a relay, in Node or in a browser. */

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base URL, query included. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** From the request to the first byte of the answer, and between any two. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  /** Lower-case names; of repeated ones the first. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
}

export interface Http {
  readonly baseUrl: string;
  /** Throws a RelayError `unreachable` when no whole answer came. After close() it throws a plain Error: there is no use in trying again. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Cuts what is still open. */
  close(): Promise<void>;
}

/** All that requests need. */
export type HttpSender = Omit<Http, 'close'> & Partial<Http>;
