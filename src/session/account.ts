/** Chooses the account that the bytes of a session count against, by client address. */

/** One account per IPv4 address and per IPv6 /64: that is what one subscriber gets. */
export function chooseAccount(address: string): string {
  const v4 = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!v4.includes(':')) return v4;
  const [head = '', tail = ''] = v4.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const full = v4.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return `${full.slice(0, 4).join(':')}::/64`;
}
