/** Logs warnings about missing or untrusted headers of a proxy in front, with the remedy; each once per process. */
import { hideKeys } from '../text/hide-keys.ts';

/** How many refused host names the relay logs: more are a scan. */
const maxHosts = 16;

/** Whether the name may appear in responses and logs: it contains nothing that may be a key. */
function isPlain(name: string): boolean {
  return hideKeys(name) === name;
}

/** What the operator of the relay can do about a refused host. `name`: undefined if the Host is not a host name. */
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
      const cure = 'behind a proxy, use --trust-proxy 1, or set the address with --public-url';
      return `${header} from ${peer || 'this peer'} is ignored: ${cure}`;
    });
  }

  /** A proxy sends the relay's inner address as the Host, and no header with the outer address. */
  innerHost(host: string): void {
    this.#once('inner host', () => {
      const cure = 'make the proxy forward the original Host (nginx: proxy_set_header Host $http_host)';
      return `a proxy sends the Host ${host}, so the lines to paste contain it: ${cure}, or use --public-url`;
    });
  }

  /** The relay refuses requests of its own page, since a proxy sends them with another Host. */
  ownPage(origin: string, host: string): void {
    if (!/^https?:\/\/[a-z0-9._:[\]-]{1,260}$/i.test(origin) || !isPlain(origin)) return;
    this.#once('own page', () => {
      const cure = `use --public-url ${origin}, or make the proxy forward the original Host`;
      return `the page at ${origin} is refused, since a proxy sends the Host ${host}: ${cure}`;
    });
  }

  /** The relay refuses requests for this host name. */
  unknownHost(name: string): void {
    if (this.#hosts.has(name) || this.#hosts.size > maxHosts || !isPlain(name)) return;
    this.#hosts.add(name);
    this.#log(
      this.#hosts.size > maxHosts
        ? 'more host names are refused; the relay does not log them'
        : `the host name ${name} is refused (421): to allow it, use --allowed-host ${name}, or name it in --public-url`,
    );
  }
}
