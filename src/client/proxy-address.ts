/** The address of a proxy, and of the target to reach through it. */
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
  /** For messages: the variable that named it. */
  readonly source: string;
  /** The variable that lists the hosts to reach without the proxy; undefined if none is set. */
  readonly exemptBy?: string;
}

/** The host and port to reach through the proxy. */
export interface Target {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}
