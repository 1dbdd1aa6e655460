/** A proxy and what is asked of it, as the client is told of it. */
export interface ProxyAddress {
  readonly protocol: 'http:' | 'https:' | 'socks5:' | 'socks5h:';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined for a proxy that is used without a login. */
  readonly user: string | undefined;
  readonly password: string;
  /** For messages: the address without user and password. */
  readonly shown: string;
  /** What named it, for messages: a variable. */
  readonly source: string;
  /** The variable that lists hosts to be reached without it; undefined where none is set. */
  readonly exemptBy?: string;
}

/** What is to be reached through it. */
export interface Target {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}
