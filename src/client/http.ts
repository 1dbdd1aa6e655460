/** The interface of the HTTP client for requests to a relay, in Node or in a browser. */

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Relative to the base URL, with the query. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** The limit from the request to the first byte of the answer, and between any two bytes. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case; for a repeated header the first value. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
}

export interface Http {
  readonly baseUrl: string;
  /** Throws a RelayError `unreachable` if no complete answer arrived; after close() a plain Error, which is not retried. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes open connections at once. */
  close(): Promise<void>;
}

/** The part of Http that RelayClient needs. */
export type HttpSender = Omit<Http, 'close'> & Partial<Http>;
