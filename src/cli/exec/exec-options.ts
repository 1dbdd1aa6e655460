/** The options of `remotify exec`. */
import type { CommonOptions } from '../context.ts';
import type { ScriptOptions } from './render-script.ts';

export interface ExecOptions extends CommonOptions, ScriptOptions {
  stdin?: boolean;
  /** In seconds, like all times here. */
  timeout?: number;
  wait: number;
  waitListener?: number;
  waitApproval?: number;
  detach?: boolean;
  merge?: boolean;
  raw?: boolean;
  all?: boolean;
}
