/** Tells the operator what a proxy in front leaves the relay to guess, and how to cure it. Each line once for the life of the process. */
import { hideKeys } from '../text/hide-keys.ts';

/** Names of hosts that are refused: more than these are a scan. */
const maxHosts = 16;

/** Whether it may be repeated in answers and logs: it holds nothing that may be a key. */
function isPlain(name: string): boolean {
  return hideKeys(name) === name;
}

/** What the operator of the relay can do about a refused host. `name`: undefined where it is not a host name. */
export function explainHost(name: string | undefined): string {
  if (name === undefined || !isPlain(name))
    return 'its operator can allow names with --allowed-host NAME, or with --public-url URL';
  return `"${name}". Its operator can allow it with --allowed-host ${name}, or with --public-url`;
}

export class ProxyWarnings {
  readonly #log: (line: string) => void;
  readonly #told = new Set<string>();
  readonly #hosts = new Set<string>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  #once(kind: string, line: () => string): void {
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#log(line());
  }

  /** A forwarding header from a peer that is not trusted. */
  ignored(name: string, peer: string): void {
    this.#once(name, () => {
      const header = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
      const cure = 'if a proxy stands in front, use --trust-proxy 1, or give the address with --public-url';
      return `${header} from ${peer || 'this peer'} is ignored: ${cure}`;
    });
  }

  /** A proxy sends the address of the relay behind it as the Host, and nothing that tells the one in front. */
  innerHost(host: string): void {
    this.#once('inner host', () => {
      const cure = 'let the proxy send the Host that it got (nginx: proxy_set_header Host $http_host)';
      return `a proxy asks for ${host}, so the lines to paste point there: ${cure}, or use --public-url`;
    });
  }

  /** The relay's own page is refused, since a proxy asks for it under another name. */
  ownPage(origin: string, host: string): void {
    if (!/^https?:\/\/[a-z0-9._:[\]-]{1,260}$/i.test(origin) || !isPlain(origin)) return;
    this.#once('own page', () => {
      const cure = `use --public-url ${origin}, or let the proxy send the Host that it got`;
      return `the page at ${origin} is refused, since a proxy asks for ${host}: ${cure}`;
    });
  }

  /** Requests for this name are refused. */
  unknownHost(name: string): void {
    if (this.#hosts.has(name) || this.#hosts.size > maxHosts || !isPlain(name)) return;
    this.#hosts.add(name);
    this.#log(
      this.#hosts.size > maxHosts
        ? 'more host names are refused, and not listed here'
        : `the host name ${name} is refused (421): to allow it, use --allowed-host ${name}, or name it in --public-url`,
    );
  }
}
