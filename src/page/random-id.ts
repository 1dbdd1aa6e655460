/** 128 random bits in hexadecimal digits. `crypto.randomUUID()` is missing where the page was loaded over plain HTTP. */
export function makeRandomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
