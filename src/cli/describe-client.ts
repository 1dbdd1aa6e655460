import { hostname, userInfo } from 'node:os';

/** Who asks, for the operator's eyes: `ann@desk,remotify/0.1.0`. Nobody checks it. */
export function describeClient(version: string): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // A number without a name, as in many containers.
  }
  // A header has room for ASCII only; the relay replaces whatever else it does not let through.
  return `${user}@${hostname()},remotify/${version}`.replaceAll(/[^\x21-\x7e]/g, '_');
}
