/** The options of `remotify exec`. */
import type { CommonOptions } from '../context.ts';
import type { ScriptOptions } from './render-script.ts';

export interface ExecOptions extends CommonOptions, ScriptOptions {
  stdin?: boolean;
  timeout?: number;
  wait: number;
  detach?: boolean;
  merge?: boolean;
  raw?: boolean;
  all?: boolean;
}
