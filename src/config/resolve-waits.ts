/** Resolves how long a command may wait and run: from flags, then REMOTIFY_WAIT and REMOTIFY_TIMEOUT, then defaults. */
import { defaultQueueSeconds } from '../protocol/limits.ts';
import { parseFrom } from './choose-value.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseDuration } from './parse-values.ts';

export interface Bound {
  seconds: number;
  /** The flag or variable that set it; for a default, the flag that changes it. */
  source: string;
}

function readBound(environment: Environment, name: string): Bound | undefined {
  const text = readVariable(environment, name);
  return text === undefined
    ? undefined
    : { seconds: parseFrom(name, () => parseDuration(text)), source: name };
}

/** `--wait`, `REMOTIFY_WAIT`, or 10 minutes. */
export function resolveWait(flag: number | undefined, environment: Environment): Bound {
  if (flag !== undefined) return { seconds: flag, source: '--wait' };
  return readBound(environment, 'REMOTIFY_WAIT') ?? { seconds: defaultQueueSeconds, source: '--wait' };
}

/** `--timeout` or `REMOTIFY_TIMEOUT`; undefined if neither is given. 0 is no limit. */
export function resolveTimeout(flag: number | undefined, environment: Environment): Bound | undefined {
  return flag === undefined
    ? readBound(environment, 'REMOTIFY_TIMEOUT')
    : { seconds: flag, source: '--timeout' };
}
