/** The options of `remotify exec`. */
import type { CommonOptions } from '../context.ts';
import type { ScriptOptions } from './render-script.ts';

export interface ExecOptions extends CommonOptions, ScriptOptions {
  stdin?: boolean;
  /** Seconds, as are all of these. */
  timeout?: number;
  wait: number;
  waitListener?: number;
  waitApproval?: number;
  detach?: boolean;
  merge?: boolean;
  raw?: boolean;
  all?: boolean;
}
