/** Matches a host against NO_PROXY, the list of hosts to reach without a proxy, in the forms that curl and other tools accept. */
import { BlockList, isIP } from 'node:net';

/** Splits an entry into a host or network and an optional port. */
function splitPort(entry: string): { host: string; port: string } {
  const bracketed = /^\[([0-9a-f:.]+)\](\/\d+)?(?::(\d+))?$/i.exec(entry);
  if (bracketed) return { host: (bracketed[1] ?? '') + (bracketed[2] ?? ''), port: bracketed[3] ?? '' };
  const match = /^([^:]+):(\d+)$/.exec(entry);
  return { host: match?.[1] ?? entry, port: match?.[2] ?? '' };
}

function matchesAddress(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/');
  const family = isIP(base);
  if (family === 0 || family !== isIP(address)) return false;
  const longest = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : Number(/^\d{1,3}$/.test(bits) ? bits : Number.NaN);
  if (!(prefix <= longest)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, prefix, type);
  return list.check(address, type);
}

/** `example.com`, `.example.com` and `*.example.com` each match the name itself and its subdomains. */
function matchesName(host: string, entry: string): boolean {
  const domain = entry.replace(/^\*?\./, '').replace(/\.$/, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** Whether NO_PROXY names this host. The entry `*` names every host. */
export function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const usedPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const wanted = splitPort(entry);
      if (wanted.port !== '' && wanted.port !== usedPort) return false;
      return isIP(host) === 0 ? matchesName(host, wanted.host) : matchesAddress(host, wanted.host);
    });
}
