/** Whether a CI pipeline runs this process: then commands do not create or store a session unless told to. */
import { type Environment, readVariable } from './environment.ts';

/** `CI` is set to anything but `0`, `false`, `no` and `off`. */
export function isCi(environment: Environment): boolean {
  const value = readVariable(environment, 'CI');
  return value !== undefined && !/^\s*(?:0|false|no|off)?\s*$/i.test(value);
}
