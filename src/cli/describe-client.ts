import { hostname, userInfo } from 'node:os';

/** How this client identifies itself to the operator: `ann@desk,remotify/0.1.0`. It is not verified. */
export function describeClient(version: string): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // The user id has no name, as in many containers.
  }
  // A header holds ASCII only; the relay replaces further characters that it does not accept.
  return `${user}@${hostname()},remotify/${version}`.replaceAll(/[^\x21-\x7e]/g, '_');
}
